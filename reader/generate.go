package reader

//go:generate go run ./build
