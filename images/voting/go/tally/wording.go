package tally

import "fmt"

// plain words the results as 1.0 does: `Cats: 2 | Dogs: 4`.
func plain(choices [2]string, counts [2]int64) string {
	return fmt.Sprintf("%s: %d | %s: %d", choices[0], counts[0], choices[1], counts[1])
}

// withShares words the results as 1.1 and 2.0 do: `Cats: 2/6 (33%) | Dogs: 4/6 (67%)`.
func withShares(choices [2]string, counts [2]int64) string {
	total := counts[0] + counts[1]
	return fmt.Sprintf("%s: %s | %s: %s", choices[0], share(counts[0], total), choices[1], share(counts[1], total))
}

func share(count, total int64) string {
	return fmt.Sprintf("%d/%d (%d%%)", count, total, percentage(count, total))
}

// percentage is whole, half rounded up (1 of 8 is 13); 0 of 0 is 0. In integers: a half is exactly a half.
func percentage(part, total int64) int64 {
	if total == 0 {
		return 0
	}
	return (200*part + total) / (2 * total)
}
