package wake

import (
	"testing"
	"testing/synctest"
)

func TestSignal(t *testing.T) {
	t.Parallel()
	s := NewSignal()
	s.Wake()
	s.Wake()
	<-s
	select {
	case <-s:
		t.Error("waking twice before a look woke twice")
	default:
	}
	Signal(nil).Wake() // does nothing, and does not block
}

func TestBroadcast(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		var b Broadcast
		b.Wake() // no goroutine waits
		woken := make(chan int, 3)
		for i := range 3 {
			next := b.Next()
			go func() {
				<-next
				woken <- i
			}()
		}

		synctest.Wait()
		if len(woken) != 0 {
			t.Fatal("woken before the wake")
		}

		b.Wake()
		synctest.Wait()

		if len(woken) != 3 {
			t.Errorf("%d of 3 woke", len(woken))
		}

		select {
		case <-b.Next():
			t.Error("the next wake has come already")
		default:
		}
	})
}
