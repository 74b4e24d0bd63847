package queue

import "context"

// Late asks w whether jobs wait for too long.
func (w *Worker) Late(ctx context.Context) string { return w.late(ctx) }
