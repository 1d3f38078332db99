// kubelet-v1.2.2 stands in for the kubelet of Kubernetes 1.2.2 on one worker of the lab.
// It accepts exactly the flags that the real one accepts (kubelet-flags.txt), refuses the
// others in the same words, answers --version as it did, and then runs the lab's real
// kubelet with the flags that one understands. It is not a 1.2.2 kubelet: what happens
// after the start is the work of the newer program.
package main

import (
	"crypto/tls"
	_ "embed"
	"fmt"
	"io/ioutil"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"
	"sigs.k8s.io/yaml"
)

const (
	realKubelet = "/lab/bin/kubelet"
	madeConfig  = "/run/kubelet-v1.2.2.kubeconfig"
)

//go:embed kubelet-flags.txt
var flagTable string

// Flags that the newer kubelet has lost, or that this program handles itself.
var notPassedOn = words(`
	allow-privileged api-servers cadvisor-port chaos-chance cloud-config cloud-provider
	config configure-cbr0 containerized docker-exec-handler enable-custom-metrics
	experimental-flannel-overlay google-json-key host-ipc-sources host-network-sources
	host-pid-sources kubeconfig low-diskspace-threshold-mb master-service-namespace
	network-plugin-dir non-masquerade-cidr outofdisk-transition-frequency
	really-crash-for-testing reconcile-cidr register-schedulable rkt-path rkt-stage1-image version`)

func main() {
	flags := flagSet(os.Args[0])
	if err := flags.Parse(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "%v\nUsage of %s:\n%s", err, os.Args[0], flags.FlagUsages())
		os.Exit(2)
	}
	if flags.Lookup("version").Value.String() == "true" {
		fmt.Println("Kubernetes v1.2.2")
		return
	}
	arguments := []string{"kubelet", "--pod-infra-container-image=gcr.io/google_containers/pause:2.0", "--fail-swap-on=false"}
	flags.Visit(func(f *pflag.Flag) {
		if !notPassedOn[f.Name] {
			arguments = append(arguments, "--"+f.Name+"="+strings.Trim(f.Value.String(), "[]"))
		}
	})
	if folder := flags.Lookup("config").Value.String(); folder != "" {
		arguments = append(arguments, "--pod-manifest-path="+folder)
	}
	if flags.Lookup("register-schedulable").Value.String() == "false" {
		arguments = append(arguments, "--register-with-taints=node.kubernetes.io/unschedulable=:NoSchedule")
	}
	certificate, key := flags.Lookup("tls-cert-file").Value.String(), flags.Lookup("tls-private-key-file").Value.String()
	if certificate != "" && key != "" {
		if _, err := tls.LoadX509KeyPair(certificate, key); err != nil {
			fatal(err.Error())
		}
	}
	servers := strings.Split(strings.Trim(flags.Lookup("api-servers").Value.String(), "[]"), ",")
	if servers[0] == "" {
		warn("No API client: no api servers specified")
	} else if err := writeConfig(flags.Lookup("kubeconfig").Value.String(), servers[0]); err != nil {
		warn("No API client: " + err.Error())
	} else {
		arguments = append(arguments, "--kubeconfig="+madeConfig)
	}
	err := syscall.Exec(realKubelet, arguments, os.Environ())
	fmt.Fprintln(os.Stderr, realKubelet+":", err)
	os.Exit(1)
}

func flagSet(name string) *pflag.FlagSet {
	flags := pflag.NewFlagSet(name, pflag.ContinueOnError)
	flags.Usage = func() {}
	flags.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		return pflag.NormalizedName(strings.Replace(name, "_", "-", -1))
	})
	for _, line := range strings.Split(flagTable, "\n") {
		part := strings.SplitN(line, "\t", 2)
		if strings.HasPrefix(line, "#") || len(part) != 2 {
			continue
		}
		addFlag(flags, part[0], part[1])
	}
	return flags
}

// addFlag gives the flag the kind that its default value shows.
func addFlag(flags *pflag.FlagSet, name, value string) {
	shorthand := ""
	if len(name) == 1 {
		shorthand = name
	}
	if b, err := strconv.ParseBool(value); err == nil && len(value) > 1 {
		flags.BoolP(name, shorthand, b, "")
	} else if n, err := strconv.Atoi(value); err == nil {
		flags.IntP(name, shorthand, n, "")
	} else if d, err := time.ParseDuration(value); err == nil {
		flags.DurationP(name, shorthand, d, "")
	} else if value == "[]" {
		flags.StringSliceP(name, shorthand, nil, "")
	} else {
		flags.StringP(name, shorthand, strings.Trim(value, `"`), "")
	}
}

// writeConfig copies the kubeconfig with every server replaced: in 1.2.2 the first of
// --api-servers always wins.
func writeConfig(path, server string) error {
	text, err := ioutil.ReadFile(path)
	if err != nil {
		return err
	}
	config := map[string]interface{}{}
	if err := yaml.Unmarshal(text, &config); err != nil {
		return err
	}
	for _, cluster := range entries(config, "clusters", "cluster") {
		cluster["server"] = server
		absolute(cluster, path, "certificate-authority")
	}
	for _, user := range entries(config, "users", "user") {
		certificate, key := absolute(user, path, "client-certificate"), absolute(user, path, "client-key")
		if certificate == "" || key == "" {
			continue
		}
		for kind, file := range map[string]string{"cert": certificate, "key": key} {
			if _, err := os.Stat(file); err != nil {
				return fmt.Errorf("invalid configuration: unable to read client-%s %s for kubelet due to %v", kind, file, err)
			}
		}
		// A key of another certificate ends 1.2.2 at once: it serves with the same pair.
		if _, err := tls.LoadX509KeyPair(certificate, key); err != nil {
			fatal(err.Error())
		}
	}
	if text, err = yaml.Marshal(config); err != nil {
		return err
	}
	return ioutil.WriteFile(madeConfig, text, 0600)
}

func entries(config map[string]interface{}, list, inner string) (found []map[string]interface{}) {
	items, _ := config[list].([]interface{})
	for _, item := range items {
		entry, _ := item.(map[string]interface{})
		if body, ok := entry[inner].(map[string]interface{}); ok {
			found = append(found, body)
		}
	}
	return found
}

func absolute(entry map[string]interface{}, config, field string) string {
	path, _ := entry[field].(string)
	if path != "" && !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(config), path)
		entry[field] = path
	}
	return path
}

func warn(text string) {
	fmt.Fprintf(os.Stderr, "%s %7d server.go:305] %s\n", time.Now().Format("W0102 15:04:05.000000"), os.Getpid(), text)
}

func fatal(text string) {
	fmt.Fprintf(os.Stderr, "%s %7d server.go:118] %s\n", time.Now().Format("F0102 15:04:05.000000"), os.Getpid(), text)
	os.Exit(255)
}

func words(text string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(text) {
		set[word] = true
	}
	return set
}
