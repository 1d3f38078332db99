package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io/ioutil"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

const account = "/var/run/secrets/kubernetes.io/serviceaccount/"

// kube2sky polls the API as its service account and keeps etcd the same. It is ready
// once the service of the API server itself has been written.
func kube2sky(domain, etcd string) {
	api, err := clusterAPI()
	must(err)
	written := map[string]string{}
	ready := false
	for {
		records, err := api.records()
		if err != nil {
			say("cannot read the services: %v", err)
		} else if err := write(etcd, domain, records, written); err != nil {
			say("cannot write to etcd: %v", err)
		} else if _, found := records["default/kubernetes/"]; found && !ready {
			ready = true
			say("%d records written, ready", len(records))
			go func() {
				must(http.ListenAndServe(":8081", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					fmt.Fprintln(w, "ok")
				})))
			}()
		}
		time.Sleep(2 * time.Second)
	}
}

type clusterClient struct {
	base string
	http *http.Client
}

func clusterAPI() (*clusterClient, error) {
	ca, err := ioutil.ReadFile(account + "ca.crt")
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	return &clusterClient{
		base: "https://" + net.JoinHostPort(os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT")),
		http: &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}},
	}, nil
}

func (c *clusterClient) get(path string, into interface{}) error {
	token, err := ioutil.ReadFile(account + "token")
	if err != nil {
		return err
	}
	request, err := http.NewRequest("GET", c.base+path, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	answer, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", path, answer.Status)
	}
	return json.NewDecoder(answer.Body).Decode(into)
}

type meta struct{ Name, Namespace string }

type serviceList struct {
	Items []struct {
		Metadata meta
		Spec     struct{ ClusterIP string }
	}
}

type endpointsList struct {
	Items []struct {
		Metadata meta
		Subsets  []struct{ Addresses []struct{ IP string } }
	}
}

// records maps "namespace/service/" to the cluster address, or, for services without
// one, "namespace/service/address" to each address behind it.
func (c *clusterClient) records() (map[string]string, error) {
	var services serviceList
	var endpoints endpointsList
	if err := c.get("/api/v1/services", &services); err != nil {
		return nil, err
	}
	if err := c.get("/api/v1/endpoints", &endpoints); err != nil {
		return nil, err
	}
	records, headless := map[string]string{}, map[meta]bool{}
	for _, s := range services.Items {
		if s.Spec.ClusterIP == "None" {
			headless[s.Metadata] = true
		} else if s.Spec.ClusterIP != "" {
			records[s.Metadata.Namespace+"/"+s.Metadata.Name+"/"] = s.Spec.ClusterIP
		}
	}
	for _, e := range endpoints.Items {
		for _, subset := range e.Subsets {
			for _, address := range subset.Addresses {
				if headless[e.Metadata] {
					key := e.Metadata.Namespace + "/" + e.Metadata.Name + "/" + strings.Replace(address.IP, ".", "-", -1)
					records[key] = address.IP
				}
			}
		}
	}
	return records, nil
}

// write brings etcd from `written` to `records`. A lost etcd (the container restarted)
// is noticed by the missing root key, and everything is written again.
func write(etcd, domain string, records, written map[string]string) error {
	root := etcd + "/v2/keys" + etcdPath("svc."+domain)
	if answer, err := http.Get(root); err != nil {
		return err
	} else if answer.Body.Close(); answer.StatusCode == http.StatusNotFound {
		for key := range written {
			delete(written, key)
		}
	}
	for key, host := range records {
		if written[key] != host {
			if err := send("PUT", root+"/"+leaf(key), url.Values{"value": {fmt.Sprintf(`{"host":%q,"priority":10,"weight":10,"ttl":30}`, host)}}); err != nil {
				return err
			}
			written[key] = host
		}
	}
	for key := range written {
		if _, wanted := records[key]; !wanted {
			if err := send("DELETE", root+"/"+leaf(key), nil); err != nil {
				return err
			}
			delete(written, key)
		}
	}
	return nil
}

func leaf(key string) string {
	if strings.HasSuffix(key, "/") {
		return key + "cluster"
	}
	return key
}

func send(method, address string, form url.Values) error {
	request, err := http.NewRequest(method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode >= 300 && !(method == "DELETE" && answer.StatusCode == http.StatusNotFound) {
		return fmt.Errorf("%s %s: %s", method, address, answer.Status)
	}
	return nil
}

// etcdPath turns svc.cluster.local into /skydns/local/cluster/svc, as SkyDNS lays out its keys.
func etcdPath(name string) string {
	path := "/skydns"
	labels := strings.Split(strings.Trim(name, "."), ".")
	for i := len(labels) - 1; i >= 0; i-- {
		path += "/" + labels[i]
	}
	return path
}
