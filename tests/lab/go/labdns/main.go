// labdns stands in for the three programs of the kube-dns-v11 pod whose images nobody
// serves any more. They do the same work by the same ways: kube2sky copies the services
// of the API into etcd, skydns answers from etcd, exechealthz asks skydns a question and
// tells over HTTP whether it was answered. The name it is called by says which it is.
// One small program without the Kubernetes libraries: the pod's limits are 10 to 100 m.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

func main() {
	switch filepath.Base(os.Args[0]) {
	case "kube2sky":
		domain := flag.String("domain", "cluster.local", "domain of the cluster")
		etcd := flag.String("etcd-server", "http://127.0.0.1:4001", "etcd to write to")
		flag.Parse()
		kube2sky(*domain, *etcd)
	case "skydns":
		machines := flag.String("machines", "http://127.0.0.1:4001", "etcd to read from")
		address := flag.String("addr", "127.0.0.1:53", "address to serve on")
		domain := flag.String("domain", "skydns.local.", "domain to answer for")
		flag.Bool("ns-rotate", true, "accepted, means nothing here")
		flag.Parse()
		skydns(*machines, *address, *domain)
	case "exechealthz":
		command := flag.String("cmd", "", "the question, as an nslookup command")
		port := flag.Int("port", 8080, "port to serve on")
		period := flag.Duration("period", 2*time.Second, "time between two questions")
		flag.Duration("latency", 30*time.Second, "accepted, means nothing here")
		flag.Parse()
		exechealthz(*command, *port, *period)
	default:
		fmt.Fprintln(os.Stderr, "labdns: call me kube2sky, skydns or exechealthz")
		os.Exit(2)
	}
}

func say(format string, values ...interface{}) {
	fmt.Fprintf(os.Stderr, format+"\n", values...)
}

func must(err error) {
	if err != nil {
		say("%v", err)
		os.Exit(1)
	}
}
