// Command bare is the least web service that has connections to PostgreSQL and
// Redis and says that they answer.
package main

import (
	"context"
	"errors"
	"log"
	"net/http"
	"os"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"
)

func main() {
	log.Fatal(serve())
}

func serve() error {
	options, err := redis.ParseURL(os.Getenv("REDIS_URL"))
	if err != nil {
		return err
	}
	cache := redis.NewClient(options)
	db, err := pgxpool.New(context.Background(), os.Getenv("DATABASE_URL"))
	if err != nil {
		return err
	}
	http.HandleFunc("/api/health", func(w http.ResponseWriter, r *http.Request) {
		if err := errors.Join(db.Ping(r.Context()), cache.Ping(r.Context()).Err()); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	})
	return http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil)
}
