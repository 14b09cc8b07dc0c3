package scenario

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	floodgate "github.com/floodgate-go/floodgate"
	"github.com/floodgate-go/floodgate/devfs"
	"github.com/floodgate-go/floodgate/devfs/lookup"
	"github.com/floodgate-go/floodgate/lockdep"
	"github.com/floodgate-go/floodgate/refcount"
	"github.com/floodgate-go/floodgate/sched"
)

// A Config says what [Play] plays. Reproducer, Generation, Provider and one of
// Rounds and Duration must be set.
type Config struct {
	Reproducer *Reproducer
	Generation *lookup.Generation
	// Provider makes the locks of one round on the round's scheduler.
	Provider func(sched.Scheduler) floodgate.Provider
	// Gated plays the gated form.
	Gated bool
	// Rounds is how many rounds are played, Duration how long; with both,
	// what comes first counts.
	Rounds   int
	Duration time.Duration
	// Workers is how many rounds are played at the same time; 0 stands for
	// GOMAXPROCS.
	Workers int
	// Noise, when not 0, yields before one step in Noise.
	Noise int
	// Progress, when not nil, is called now and then with the number of
	// rounds played; never by two goroutines at once.
	Progress func(rounds int)
}

// A Result is what [Play] saw.
type Result struct {
	Reproducer string        `json:"reproducer"`
	Gated      bool          `json:"gated"`
	Generation string        `json:"generation"`
	Provider   string        `json:"provider"`
	Rounds     int           `json:"rounds"`
	Hung       int           `json:"hung"`    // rounds that hung
	Touched    int           `json:"touched"` // rounds in which something dead was touched
	Broken     int           `json:"broken"`  // rounds with another fault: a BUG, a panic
	Wrong      int           `json:"wrong"`   // rounds with a wrong answer
	Leaked     int           `json:"leaked"`  // what was left after rounds that did not hang
	Routines   int           `json:"goroutines"`
	Elapsed    time.Duration `json:"elapsed_ns"`

	// The first of each kind.
	Hang  *lockdep.Hang `json:"hang,omitempty"`
	Touch string        `json:"touch,omitempty"`
	Fault string        `json:"fault,omitempty"`
	Error string        `json:"error,omitempty"`
	Leak  string        `json:"leak,omitempty"`
}

// Clean reports whether nothing was wrong in any round.
func (r *Result) Clean() bool {
	return r.Hung+r.Touched+r.Broken+r.Wrong+r.Leaked+r.Routines == 0
}

// PerSecond returns the number of rounds played in a second.
func (r *Result) PerSecond() float64 {
	if r.Elapsed <= 0 {
		return 0
	}
	return float64(r.Rounds) / r.Elapsed.Seconds()
}

// Play plays a reproducer round after round and says what it saw. A round that
// hangs is torn down: its tasks are killed, and no goroutine of it is left when
// Play returns; if one is, Routines counts it. Play ends early, with the error
// of ctx, when ctx ends; the result then tells of the rounds so far.
func Play(ctx context.Context, c Config) (*Result, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	workers := c.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	res := &Result{Reproducer: c.Reproducer.ID, Gated: c.Gated, Generation: c.Generation.ID}
	before := runtime.NumGoroutine()
	begin := time.Now()
	stop := ctx
	if c.Duration > 0 {
		var cancel context.CancelFunc
		stop, cancel = context.WithTimeout(ctx, c.Duration)
		defer cancel()
	}

	var next atomic.Int64
	var mu sync.Mutex // guards res, and orders the calls of Progress
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for stop.Err() == nil {
				n := int(next.Add(1))
				if c.Rounds > 0 && n > c.Rounds {
					return
				}
				o := c.round(ctx, uint64(n))
				mu.Lock()
				o.addTo(res)
				if c.Progress != nil {
					c.Progress(res.Rounds)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	res.Elapsed = time.Since(begin)
	res.Routines = surplus(before)
	return res, ctx.Err()
}

func (c *Config) check() error {
	switch {
	case c.Reproducer == nil:
		return errors.New("scenario: Play without a reproducer")
	case c.Generation == nil:
		return errors.New("scenario: Play without a generation")
	case c.Provider == nil:
		return errors.New("scenario: Play without a provider")
	case c.Rounds < 0 || c.Duration < 0 || c.Rounds == 0 && c.Duration == 0:
		return fmt.Errorf("scenario: Play for %d rounds and %v: one must be positive, none negative", c.Rounds, c.Duration)
	case c.Noise < 0:
		return fmt.Errorf("scenario: noise before one step in %d: it must be positive, or 0 for none", c.Noise)
	}
	return nil
}

// surplus returns how many goroutines there are more than before. A goroutine
// that has done its work may take a moment to be gone.
func surplus(before int) int {
	for range 1000 {
		if runtime.NumGoroutine() <= before {
			return 0
		}
		runtime.Gosched()
	}
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return 0
		}
		time.Sleep(time.Millisecond)
	}
	return runtime.NumGoroutine() - before
}

// outcome is what one round came to.
type outcome struct {
	provider string
	hang     *lockdep.Hang
	faults   []error
	wrong    []string
	leaks    []string
}

// round plays one round.
func (c *Config) round(ctx context.Context, n uint64) (o outcome) {
	watch := lockdep.Config{}
	if c.Noise > 0 {
		watch.Inner = sched.NewNoise(n, c.Noise)
	}
	w := lockdep.New(watch)
	p := c.Provider(w)
	r := &round{w: w, gated: c.Gated, fs: devfs.New(devfs.Config{Provider: p, Lookup: c.Generation})}
	o.provider = p.Name()
	c.Reproducer.play(r)

	o.hang = lockdep.AsHang(w.Wait(ctx))
	if o.hang != nil {
		// What is touched from here on is so because the run is torn down.
		o.faults, _ = w.Faults()
	}
	w.Kill(nil)
	if err := w.Join(context.Background()); err != nil {
		o.leaks = append(o.leaks, err.Error())
	}
	switch {
	case o.hang == nil:
		o.faults, _ = w.Faults()
		o.wrong = r.wrong
		o.leaks = append(o.leaks, leaks(r.fs)...)
	case o.hang.Cause != nil:
		o.hang = nil // ctx ended: nobody knows whether it would have hung
	}
	return o
}

// leaks returns what is alive in a file system at rest and should not be.
func leaks(fs *devfs.FS) (list []string) {
	c := fs.Census()
	if err := c.Check(); err != nil {
		list = append(list, err.Error())
	}
	if c.Events != 0 {
		list = append(list, fmt.Sprintf("devfs: %d events are queued", c.Events))
	}
	return list
}

func (o *outcome) addTo(res *Result) {
	res.Provider = o.provider
	res.Rounds++
	if o.hang != nil {
		res.Hung++
		if res.Hang == nil {
			res.Hang = o.hang
		}
	}
	var touch, fault string
	for _, err := range o.faults {
		var dead *refcount.UseAfterEnd
		if errors.As(err, &dead) {
			touch = err.Error()
		} else {
			fault = err.Error()
		}
	}
	count(touch, &res.Touched, &res.Touch)
	count(fault, &res.Broken, &res.Fault)
	if len(o.wrong) > 0 {
		count(o.wrong[0], &res.Wrong, &res.Error)
	}
	if len(o.leaks) > 0 {
		count(o.leaks[0], &res.Leaked, &res.Leak)
	}
}

func count(what string, n *int, first *string) {
	if what == "" {
		return
	}
	*n++
	if *first == "" {
		*first = what
	}
}
