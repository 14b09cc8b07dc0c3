// Package copies copies what must not be copied, for go vet to find.
package copies

import "github.com/floodgate-go/floodgate/waitq"

func assign(
	q, q2 *waitq.Queue, c, c2 *waitq.Completion, x, x2 *waitq.Single,
	p, p2 *waitq.Poller, b, b2 *waitq.Batch, w, w2 *waitq.Waiter,
) {
	*q2 = *q
	*c2 = *c
	*x2 = *x
	*p2 = *p
	*b2 = *b
	*w2 = *w
}

func box(
	q *waitq.Queue, c *waitq.Completion, x *waitq.Single,
	p *waitq.Poller, b *waitq.Batch, w *waitq.Waiter,
) []any {
	return []any{
		*q,
		*c,
		*x,
		*p,
		*b,
		*w,
	}
}
