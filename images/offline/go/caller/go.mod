module votingconformance/offline/caller

go 1.24.0
