module votingconformance/pulled/kindnetd

go 1.24
