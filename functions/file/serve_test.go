package file_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/functions/file"
	"pilothandbook/handbook/offline"
	"pilothandbook/platform"
	"pilothandbook/platform/config"
	"pilothandbook/platform/db"
	"pilothandbook/platform/platformtest"
	"pilothandbook/router"
)

// serving is the variable that makes this program a process that makes a
// package and sends its files: it holds the database, the Redis and the version.
const serving = "HANDBOOK_TEST_SERVING"

// serve makes the package when /make is asked for, and tells its manifest.
func serve(asked string) {
	var url, redis, version string
	if _, err := fmt.Sscan(asked, &url, &redis, &version); err != nil {
		panic(err)
	}
	cfg := &config.Config{
		AppEnv: "production", DatabaseURL: config.Secret(url), DatabaseMaxConns: 4, RedisURL: config.Secret(redis), RedisCacheURL: config.Secret(redis),
		AuthURL: "http://localhost:3000", ContentEncryptionKey: platformtest.ContentKey,
	}
	p, err := platform.Open(cfg, config.Worker, slog.New(slog.DiscardHandler))
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", router.New(p, file.Routes(p)...))
	mux.HandleFunc("/make", func(w http.ResponseWriter, r *http.Request) {
		made, err := offline.Make(r.Context(), p.DB, offline.Keyring(cfg), uuid.MustParse(version), func(int, int) error { return nil })
		if err == nil {
			err = db.Tx(r.Context(), p.DB, func(tx pgx.Tx) error { return offline.Insert(r.Context(), tx, made) })
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(w).Encode(made.Manifest)
	})
	fmt.Println(httptest.NewServer(mux).URL)
	_, _ = io.Copy(io.Discard, os.Stdin) // until whoever asked is over
	os.Exit(0)
}
