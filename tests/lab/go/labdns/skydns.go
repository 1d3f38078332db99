package main

import (
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/miekg/dns"
)

type node struct {
	Key, Value string
	Nodes      []node
}

// skydns answers A questions of its domain from the keys in etcd: a name matches every
// record at or below it. Other domains are refused: the lab has nobody to ask.
func skydns(machines, address, domain string) {
	etcd := strings.Split(machines, ",")[0]
	domain = dns.Fqdn(strings.ToLower(domain))
	dns.HandleFunc(".", func(w dns.ResponseWriter, question *dns.Msg) {
		answer := new(dns.Msg)
		answer.SetReply(question)
		for _, q := range question.Question {
			if !dns.IsSubDomain(domain, strings.ToLower(q.Name)) {
				answer.Rcode = dns.RcodeRefused
				continue
			}
			answer.Authoritative = true
			hosts, err := lookUp(etcd, strings.ToLower(q.Name))
			switch {
			case err != nil:
				say("%s: %v", q.Name, err)
				answer.Rcode = dns.RcodeServerFailure
			case len(hosts) == 0:
				answer.Rcode = dns.RcodeNameError
			case q.Qtype == dns.TypeA:
				for _, host := range hosts {
					header := dns.RR_Header{Name: q.Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 30}
					answer.Answer = append(answer.Answer, &dns.A{Hdr: header, A: net.ParseIP(host)})
				}
			}
		}
		if err := w.WriteMsg(answer); err != nil {
			say("%v", err)
		}
	})
	say("ready for queries of %s on %s", domain, address)
	go func() { must((&dns.Server{Addr: address, Net: "tcp"}).ListenAndServe()) }()
	must((&dns.Server{Addr: address, Net: "udp"}).ListenAndServe())
}

var client = &http.Client{Timeout: 3 * time.Second}

func lookUp(etcd, name string) ([]string, error) {
	path := (&url.URL{Path: etcdPath(name)}).EscapedPath()
	answer, err := client.Get(etcd + "/v2/keys" + path + "?recursive=true")
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusNotFound {
		return nil, nil
	}
	var found struct{ Node node }
	if err := json.NewDecoder(answer.Body).Decode(&found); err != nil {
		return nil, err
	}
	return hosts(found.Node), nil
}

func hosts(n node) (list []string) {
	var record struct{ Host string }
	if n.Value != "" && json.Unmarshal([]byte(n.Value), &record) == nil && record.Host != "" {
		list = append(list, record.Host)
	}
	for _, child := range n.Nodes {
		list = append(list, hosts(child)...)
	}
	return list
}
