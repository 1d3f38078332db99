package main

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// exechealthz asks the question of an `nslookup NAME SERVER` command again and again and
// serves the last outcome on /healthz. It asks by itself: its image has no shell.
func exechealthz(command string, port int, period time.Duration) {
	words := strings.Fields(command)
	if len(words) < 3 || words[0] != "nslookup" {
		must(fmt.Errorf("only nslookup NAME SERVER is known here, not %q", command))
	}
	name, server := dns.Fqdn(words[1]), net.JoinHostPort(words[2], "53")

	var lock sync.Mutex
	last := fmt.Errorf("no question asked yet")
	go func() {
		for {
			outcome := ask(name, server)
			lock.Lock()
			last = outcome
			lock.Unlock()
			time.Sleep(period)
		}
	}()
	must(http.ListenAndServe(fmt.Sprintf(":%d", port), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		lock.Lock()
		defer lock.Unlock()
		if last != nil {
			http.Error(w, last.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})))
}

func ask(name, server string) error {
	question := new(dns.Msg).SetQuestion(name, dns.TypeA)
	answer, _, err := (&dns.Client{Timeout: 2 * time.Second}).Exchange(question, server)
	if err != nil {
		return err
	}
	if answer.Rcode != dns.RcodeSuccess || len(answer.Answer) == 0 {
		return fmt.Errorf("%s has no address: %s", name, dns.RcodeToString[answer.Rcode])
	}
	return nil
}
