package mailhost

import "syscall"

// tied makes a server a session of its own, which the kernel kills when the thread that started it ends.
func tied() (*syscall.SysProcAttr, error) {
	return &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}, nil
}
