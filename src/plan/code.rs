//! The registry of problem codes: each code once, with its group and a title. What was seen, why it matters and
//! what mends it stands in `assets/explain/problems`, a page for each group with a paragraph for each code. Codes
//! are public and stay: a new one takes the next number of its group, and a number is never given twice.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Makes the two enums and what belongs to each of their variants of the table below, so that none is left out.
macro_rules! registry {
    ($($group:ident $letters:literal $about:literal { $($code:ident $name:literal $title:literal;)+ })+) => {
        /// What a problem is about: the first half of its code, such as `E-CERT`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ProblemGroup { $(#[doc = $about] $group,)+ }

        /// The stable code of a problem, such as `E-CERT-04`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(into = "&'static str", try_from = "String")]
        pub enum ProblemCode { $($(#[doc = $title] $code,)+)+ }

        impl ProblemGroup {
            /// In the order of the alphabet.
            pub const ALL: &'static [Self] = &[$(Self::$group,)+];

            /// As it is written, `E-CERT`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$group => $letters,)+ }
            }

            /// Whether it is about a container runtime.
            pub fn is_of_runtime(self) -> bool {
                matches!(self, Self::Containerd | Self::Docker)
            }

            /// In a few words, for lists.
            pub fn about(self) -> &'static str {
                match self { $(Self::$group => $about,)+ }
            }

            /// Markdown: a paragraph on the group, then a section for each of its codes.
            pub fn page(self) -> &'static str {
                match self {
                    $(Self::$group => include_str!(concat!("../../assets/explain/problems/", $letters, ".md")),)+
                }
            }
        }

        impl ProblemCode {
            /// By group and number.
            pub const ALL: &'static [Self] = &[$($(Self::$code,)+)+];

            /// As it is written, `E-CERT-04`.
            pub fn as_str(self) -> &'static str {
                match self { $($(Self::$code => $name,)+)+ }
            }

            /// In a few words, for lists.
            pub fn title(self) -> &'static str {
                match self { $($(Self::$code => $title,)+)+ }
            }

            /// The group whose page has its paragraph.
            pub fn group(self) -> ProblemGroup {
                match self { $($(Self::$code)|+ => ProblemGroup::$group,)+ }
            }
        }
    };
}

registry! {
    Action "E-ACTION" "an action on a host ended with an error" {
        Action01 "E-ACTION-01" "an action ended with an error that has no code of its own";
    }
    Address "E-ADDRESS" "the plan's address is not the machine's" {
        Address01 "E-ADDRESS-01" "the plan's address is on no interface of this machine";
        Address02 "E-ADDRESS-02" "the loopback interface is down";
    }
    Api "E-API" "the API server: reachable, its certificate, its answers, what it allows" {
        Api01 "E-API-01" "no connection to the API";
        Api02 "E-API-02" "the API did not answer in time";
        Api03 "E-API-03" "no secure connection to the API";
        Api04 "E-API-04" "what answers is no Kubernetes API";
        Api05 "E-API-05" "the API does not know who we are";
        Api06 "E-API-06" "the API knows us and does not allow this";
        Api07 "E-API-07" "the API has no such object or path";
        Api08 "E-API-08" "the object was changed by somebody else meanwhile";
        Api09 "E-API-09" "the API finds the object invalid";
        Api10 "E-API-10" "the API answers with another error";
        Api11 "E-API-11" "our own certificate or key cannot be used";
        Api12 "E-API-12" "an object cannot be sent as it is";
        Api20 "E-API-20" "the worker cannot resolve the API's name";
        Api21 "E-API-21" "the worker is shown a certificate our CA did not sign";
        Api22 "E-API-22" "the API's certificate does not fit this CA and address";
        Api23 "E-API-23" "what is in the cluster is not known";
        Api24 "E-API-24" "the worker cannot reach the API";
        Api25 "E-API-25" "the API's service range is another one";
        Api26 "E-API-26" "the API server may not ask kubelets";
        Api27 "E-API-27" "the API server does not get through to a kubelet";
        Api28 "E-API-28" "kube-proxy may not see the services";
    }
    Bug "E-BUG" "a mistake in gangplank; worth a report" {
        Bug01 "E-BUG-01" "a worker's step was looked at without a worker";
        Bug02 "E-BUG-02" "a template did not fit";
        Bug03 "E-BUG-03" "a value is used before it is there";
        Bug04 "E-BUG-04" "a thread that others wait for ended";
        Bug05 "E-BUG-05" "a part of gangplank ended";
        Bug06 "E-BUG-06" "there is nothing to repair there";
        Bug07 "E-BUG-07" "certificates are waited for without a session";
    }
    Ca "E-CA" "the CA's certificate and key" {
        Ca00 "E-CA-00" "the CA is not known here";
        Ca01 "E-CA-01" "the CA's certificate cannot be read";
        Ca02 "E-CA-02" "the CA's key cannot be read";
        Ca03 "E-CA-03" "the CA's key wants its passphrase";
        Ca04 "E-CA-04" "the passphrase does not open the CA's key";
        Ca05 "E-CA-05" "the CA's key and certificate do not belong together";
        Ca06 "E-CA-06" "the CA's certificate has expired";
        Ca07 "E-CA-07" "the CA's certificate is not valid yet";
        Ca08 "E-CA-08" "the certificate is not one of a CA";
        Ca09 "E-CA-09" "a kind of key that cannot be used";
        Ca10 "E-CA-10" "the key's encryption is not supported";
        Ca11 "E-CA-11" "a new CA would be made";
        Ca12 "E-CA-12" "a file of the CA cannot be read";
        Ca13 "E-CA-13" "the files of a new CA cannot be made";
        Ca14 "E-CA-14" "the CA signed nothing";
        Ca15 "E-CA-15" "the API accepts no certificates of this CA";
        Ca16 "E-CA-16" "no key for our own login to the API";
        Ca17 "E-CA-17" "the CA may not sign what is asked";
    }
    Cert "E-CERT" "a certificate that is not what the plan wants" {
        Cert01 "E-CERT-01" "there is no readable certificate";
        Cert02 "E-CERT-02" "there is not exactly one certificate";
        Cert03 "E-CERT-03" "its form is not as wanted";
        Cert04 "E-CERT-04" "it was issued by another CA";
        Cert05 "E-CERT-05" "it names our CA, and our CA's key did not sign it";
        Cert06 "E-CERT-06" "it is signed with a hash that is too weak";
        Cert07 "E-CERT-07" "it is for another key";
        Cert08 "E-CERT-08" "its subject is another one";
        Cert09 "E-CERT-09" "its names and addresses are other ones";
        Cert10 "E-CERT-10" "its usage is another one";
        Cert11 "E-CERT-11" "it may be used as a CA";
        Cert12 "E-CERT-12" "it is not valid yet";
        Cert13 "E-CERT-13" "it has expired";
        Cert14 "E-CERT-14" "it expires soon";
        Cert15 "E-CERT-15" "it expires at another time";
        Cert16 "E-CERT-16" "the CA's certificate on the worker is another one";
    }
    Cgroup "E-CGROUP" "a version of cgroups that the kubelet refuses" {
        Cgroup01 "E-CGROUP-01" "the machine is on cgroup v1, which this kubelet refuses";
    }
    Clock "E-CLOCK" "a clock too far off for certificates" {
        Clock01 "E-CLOCK-01" "the worker's clock is too far off";
    }
    Container "E-CONTAINER" "a container that does not start" {
        Container01 "E-CONTAINER-01" "a container did not start in time";
        Container02 "E-CONTAINER-02" "kube-proxy does not run on the worker";
        Container03 "E-CONTAINER-03" "kube-proxy runs and there are no rules of services";
        Container04 "E-CONTAINER-04" "kube-proxy cannot show the API who it is";
    }
    Containerd "E-CONTAINERD" "containerd, and what a kubelet needs of it" {
        Containerd01 "E-CONTAINERD-01" "containerd is not there or does not answer";
        Containerd02 "E-CONTAINERD-02" "containerd runs and is frozen";
        Containerd03 "E-CONTAINERD-03" "containerd fails on this worker";
        Containerd04 "E-CONTAINERD-04" "containerd's CRI is off";
        Containerd05 "E-CONTAINERD-05" "containerd's CRI did not load";
        Containerd06 "E-CONTAINERD-06" "containerd's configuration cannot be read";
        Containerd07 "E-CONTAINERD-07" "containerd is too old";
        Containerd08 "E-CONTAINERD-08" "containerd and the kubelet make cgroups in different ways";
        Containerd09 "E-CONTAINERD-09" "a container runtime that is not served";
        Containerd10 "E-CONTAINERD-10" "containerd's configuration cannot be made what a kubelet needs";
        Containerd11 "E-CONTAINERD-11" "containerd does not find the program that makes containers";
    }
    Csr "E-CSR" "a signing request that does not fit its key" {
        Csr01 "E-CSR-01" "the request cannot be read";
        Csr02 "E-CSR-02" "the request's signature does not fit its key";
        Csr03 "E-CSR-03" "the request is for another key";
        Csr04 "E-CSR-04" "the key is too weak";
        Csr05 "E-CSR-05" "the public key cannot be read";
    }
    Disk "E-DISK" "too little space, or a disk that cannot be written" {
        Disk01 "E-DISK-01" "too little space before the work";
        Disk02 "E-DISK-02" "the disk became full";
        Disk03 "E-DISK-03" "the disk can only be read";
        Disk04 "E-DISK-04" "the disk can hold no more files";
        Disk05 "E-DISK-05" "the disk is as good as full";
    }
    Dns "E-DNS" "the address and the service of cluster DNS" {
        Dns01 "E-DNS-01" "the DNS address belongs to another service";
        Dns02 "E-DNS-02" "the DNS service has another address";
        Dns03 "E-DNS-03" "the DNS pods did not become ready";
        Dns04 "E-DNS-04" "DNS does not answer on the worker";
        Dns05 "E-DNS-05" "DNS over UDP does not answer";
        Dns06 "E-DNS-06" "an object of DNS is somebody else's";
        Dns07 "E-DNS-07" "the cluster has a DNS service already";
        Dns08 "E-DNS-08" "kube-dns v11 does not work with this API";
        Dns09 "E-DNS-09" "the cluster has another DNS domain";
        Dns10 "E-DNS-10" "the DNS address is outside the API's service range";
    }
    Docker "E-DOCKER" "docker does not answer" {
        Docker01 "E-DOCKER-01" "docker does not answer on this worker";
        Docker02 "E-DOCKER-02" "docker runs on this worker and is frozen";
        Docker03 "E-DOCKER-03" "docker fails on this worker";
        Docker04 "E-DOCKER-04" "docker gives pods an IPC of their own, which 1.2 cannot join";
    }
    Fact "E-FACT" "something could not be looked at" {
        Fact01 "E-FACT-01" "a fact that is needed is not known";
    }
    File "E-FILE" "a file of somebody else is in the way" {
        File01 "E-FILE-01" "a file that gangplank did not write is in the way";
        File02 "E-FILE-02" "a second kube-proxy manifest";
        File03 "E-FILE-03" "a file that gangplank wrote was changed by somebody";
        File04 "E-FILE-04" "a folder or link that somebody else could change is where root would write";
        File05 "E-FILE-05" "a file that the node needs is gone";
        File06 "E-FILE-06" "a manifest that no kubelet can read";
        File07 "E-FILE-07" "a file of gangplank's is not as the plan wants it";
    }
    Host "E-HOST" "a host did not do what was asked of its shell" {
        Host01 "E-HOST-01" "the script on the host ended early";
        Host02 "E-HOST-02" "this kind of host cannot do that";
        Host03 "E-HOST-03" "the live stream ended";
        Host04 "E-HOST-04" "another gangplank works on the machine";
        Host05 "E-HOST-05" "a machine sends more than is read";
    }
    Image "E-IMAGE" "an image tar that cannot be read" {
        Image01 "E-IMAGE-01" "an image tar cannot be read";
        Image02 "E-IMAGE-02" "an image that the node needs is not there";
    }
    Kernel "E-KERNEL" "the kernel of a worker lacks something that pods need" {
        Kernel01 "E-KERNEL-01" "a module of the kernel cannot be loaded";
        Kernel02 "E-KERNEL-02" "a setting of the kernel cannot be changed";
        Kernel03 "E-KERNEL-03" "the kernel is not set as pods need it";
        Kernel04 "E-KERNEL-04" "the kernel gives no more inotify instances or watches";
    }
    Key "E-KEY" "a private key that cannot be used" {
        Key01 "E-KEY-01" "the key on the worker cannot be read";
        Key02 "E-KEY-02" "others than root can read the key";
        Key03 "E-KEY-03" "the key is gone";
    }
    Kubectl "E-KUBECTL" "kubectl and its kubeconfig" {
        Kubectl01 "E-KUBECTL-01" "the kubeconfig cannot be read";
        Kubectl02 "E-KUBECTL-02" "kubectl get nodes does not work";
        Kubectl03 "E-KUBECTL-03" "the kubeconfig has another entry of the same name";
        Kubectl04 "E-KUBECTL-04" "the kubeconfig would be written outside ~/.kube";
    }
    Kubelet "E-KUBELET" "the kubelet is missing, refuses its flags or does not stay up" {
        Kubelet01 "E-KUBELET-01" "there is no kubelet on the worker";
        Kubelet02 "E-KUBELET-02" "the kubelet refuses the flags it would be started with";
        Kubelet03 "E-KUBELET-03" "the kubelet does not know a flag it needs";
        Kubelet04 "E-KUBELET-04" "the kubelet keeps ending";
        Kubelet05 "E-KUBELET-05" "there is a kubelet unit of somebody else";
        Kubelet06 "E-KUBELET-06" "the kubelet does not run on this machine";
        Kubelet07 "E-KUBELET-07" "the kubelet's unit is masked";
        Kubelet08 "E-KUBELET-08" "the kubelet runs and does not answer";
        Kubelet09 "E-KUBELET-09" "a kubelet of 1.2 that was built without cgo";
        Kubelet10 "E-KUBELET-10" "the plan's kubelet config cannot be used";
        Kubelet11 "E-KUBELET-11" "the kubelet's configuration that is there cannot be taken over";
        Kubelet12 "E-KUBELET-12" "the kubelet refuses the configuration it would get";
        Kubelet13 "E-KUBELET-13" "the kubelet did not come up with its new files";
        Kubelet14 "E-KUBELET-14" "the kubelet does not run";
        Kubelet15 "E-KUBELET-15" "the kubelet does not start with the machine";
        Kubelet16 "E-KUBELET-16" "what the kubelet kept of its own state cannot be read";
        Kubelet17 "E-KUBELET-17" "the kubelet may open no more files";
    }
    Name "E-NAME" "names: the machine's own, and those that it looks up" {
        Name01 "E-NAME-01" "the machine has another name than the plan";
        Name02 "E-NAME-02" "the machine cannot resolve the name of the API";
        Name03 "E-NAME-03" "the file of the name servers for pods is gone";
    }
    Network "E-NETWORK" "the network of pods on a worker" {
        Network01 "E-NETWORK-01" "the file of the pod network is broken";
        Network02 "E-NETWORK-02" "plugins of the pod network are missing";
        Network03 "E-NETWORK-03" "a loopback file stands before the pod network";
        Network04 "E-NETWORK-04" "there is no pod network";
        Network05 "E-NETWORK-05" "two kube-proxies on one worker";
        Network06 "E-NETWORK-06" "kube-proxy does not take a flag of the plan";
        Network07 "E-NETWORK-07" "flannel's subnet of the worker is missing, or not its node's";
        Network08 "E-NETWORK-08" "the runtime's bridge does not lie in flannel's subnet";
    }
    Node "E-NODE" "the worker's node in the cluster" {
        Node01 "E-NODE-01" "another machine has the node's name";
        Node02 "E-NODE-02" "the node did not become Ready";
        Node03 "E-NODE-03" "the API has not heard of the kubelet lately";
        Node04 "E-NODE-04" "the node is not Ready";
        Node05 "E-NODE-05" "the node is short of something";
        Node06 "E-NODE-06" "with pods of a node something would be lost";
        Node07 "E-NODE-07" "pods of a node did not leave in time";
        Node08 "E-NODE-08" "the node is marked as out of service";
        Node09 "E-NODE-09" "a machine may not be off";
        Node10 "E-NODE-10" "the API server does not heed the mark out of service";
    }
    Offline "E-OFFLINE" "certificates for an offline CA's requests that do not belong here" {
        Offline01 "E-OFFLINE-01" "the text holds no certificate for a request";
        Offline02 "E-OFFLINE-02" "no request waits for a certificate now";
        Offline03 "E-OFFLINE-03" "no request has the key of this certificate";
    }
    Openssl "E-OPENSSL" "openssl is missing on a worker or on the CA's host" {
        Openssl01 "E-OPENSSL-01" "openssl is not installed there";
    }
    Plan "E-PLAN" "answers of the wizard that make no plan yet" {
        Plan01 "E-PLAN-01" "not everything is answered yet";
    }
    Port "E-PORT" "the kubelet's port is taken" {
        Port01 "E-PORT-01" "another program listens on port 10250";
    }
    Program "E-PROGRAM" "a folder of programs, and what it would put on a worker" {
        Program01 "E-PROGRAM-01" "the folder of programs cannot be used";
        Program02 "E-PROGRAM-02" "a file is no program for this worker";
        Program03 "E-PROGRAM-03" "a program would be put where nothing starts it";
        Program04 "E-PROGRAM-04" "a program does not start there, or is of another version";
    }
    Review "E-REVIEW" "what would be sent is not what was reviewed" {
        Review01 "E-REVIEW-01" "this has changed since the review";
    }
    Secret "E-SECRET" "a password or passphrase is missing" {
        Secret01 "E-SECRET-01" "a secret was not given";
    }
    Send "E-SEND" "a file could not be sent whole" {
        Send01 "E-SEND-01" "a file of this computer cannot be sent";
        Send02 "E-SEND-02" "not everything could be sent";
    }
    Session "E-SESSION" "the session folder on this computer, and who else works on the cluster" {
        Session01 "E-SESSION-01" "the session folder cannot be used";
        Session02 "E-SESSION-02" "another gangplank works on this cluster";
        Session03 "E-SESSION-03" "the name was another cluster's before";
        Session04 "E-SESSION-04" "the journal cannot be written";
        Session05 "E-SESSION-05" "a newer gangplank wrote the session";
    }
    Sign "E-SIGN" "signing did not work" {
        Sign01 "E-SIGN-01" "a certificate cannot carry this value";
        Sign02 "E-SIGN-02" "the certificate could not be built";
        Sign03 "E-SIGN-03" "OpenSSL refused an operation";
    }
    Ssh "E-SSH" "connection, host key, login" {
        Ssh01 "E-SSH-01" "the machine is not reachable";
        Ssh02 "E-SSH-02" "what answers does not speak SSH";
        Ssh03 "E-SSH-03" "no answer in time";
        Ssh04 "E-SSH-04" "no algorithm in common";
        Ssh05 "E-SSH-05" "the host's key is not known";
        Ssh06 "E-SSH-06" "the host's key has changed";
        Ssh07 "E-SSH-07" "the host's key is not the plan's";
        Ssh08 "E-SSH-08" "the host's key is revoked";
        Ssh09 "E-SSH-09" "known_hosts cannot be read or written";
        Ssh10 "E-SSH-10" "the login is refused";
        Ssh11 "E-SSH-11" "an SSH key file cannot be used";
        Ssh12 "E-SSH-12" "the passphrase does not open the SSH key";
        Ssh13 "E-SSH-13" "too many tries to log in";
        Ssh14 "E-SSH-14" "the machine runs no command for this user";
        Ssh15 "E-SSH-15" "no further session on this connection";
        Ssh16 "E-SSH-16" "the machine does not connect onwards";
        Ssh17 "E-SSH-17" "the connection was lost";
        Ssh18 "E-SSH-18" "the connection was dropped from this side";
        Ssh19 "E-SSH-19" "a jump host failed";
        Ssh20 "E-SSH-20" "the SSH configuration cannot be followed";
        Ssh21 "E-SSH-21" "a command is longer than SSH can send";
        Ssh22 "E-SSH-22" "a program on this computer cannot be started";
    }
    Step "E-STEP" "a step that is not satisfied after its actions" {
        Step01 "E-STEP-01" "a step did not take";
        Step02 "E-STEP-02" "something is not as the plan wants it";
    }
    Sudo "E-SUDO" "becoming root" {
        Sudo01 "E-SUDO-01" "the login did not become root";
        Sudo02 "E-SUDO-02" "sudo wants a password";
        Sudo03 "E-SUDO-03" "sudo did not take the password";
        Sudo04 "E-SUDO-04" "sudo does not let this user become root";
    }
    Swap "E-SWAP" "swap is on" {
        Swap01 "E-SWAP-01" "swap is on";
    }
    Systemd "E-SYSTEMD" "systemd does not run the machine" {
        Systemd01 "E-SYSTEMD-01" "systemd does not run this machine";
    }
    Undo "E-UNDO" "something could not be taken back" {
        Undo01 "E-UNDO-01" "an action of undo failed";
        Undo02 "E-UNDO-02" "the cluster cannot be reached for undo";
        Undo03 "E-UNDO-03" "a newer gangplank wrote the record";
        Undo04 "E-UNDO-04" "lines of the record are not understood";
        Undo05 "E-UNDO-05" "the record names what is not the machine's own";
        Undo06 "E-UNDO-06" "a later run stands on what is to be taken back";
        Undo07 "E-UNDO-07" "no record knows the run";
        Undo08 "E-UNDO-08" "which run was the last is not known";
        Undo09 "E-UNDO-09" "the worker was set up by a plan";
    }
    Unit "E-UNIT" "a systemd unit that does not start" {
        Unit01 "E-UNIT-01" "an action on a unit failed";
        Unit02 "E-UNIT-02" "systemd has not read the unit as it is now";
        Unit03 "E-UNIT-03" "the kubelet has not read a file as it is now";
    }
    Version "E-VERSION" "a kubelet without a profile, or newer than its API server" {
        Version01 "E-VERSION-01" "there is no profile for this kubelet";
        Version02 "E-VERSION-02" "the kubelet is newer than the API server";
        Version03 "E-VERSION-03" "the kubelet is too old for the API server";
    }
}

impl ProblemGroup {
    /// Its codes, by number.
    pub fn codes(self) -> impl Iterator<Item = ProblemCode> {
        ProblemCode::ALL.iter().copied().filter(move |code| code.group() == self)
    }
}

impl ProblemCode {
    /// What was seen, why it matters and what mends it, from the page of its group.
    pub fn paragraph(self) -> &'static str {
        let section = self.group().page().split("\n## ").find_map(|part| {
            let (heading, text) = part.split_once('\n')?;
            (heading == self.as_str()).then_some(text)
        });
        section.unwrap_or_default().trim()
    }
}

/// Text that is no code, or no group of codes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no problem code {0}")]
pub struct UnknownCode(String);

impl fmt::Display for ProblemGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for ProblemCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for ProblemGroup {
    type Err = UnknownCode;

    /// Reads it in capitals or not.
    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        let found = Self::ALL.iter().find(|group| group.as_str().eq_ignore_ascii_case(text));
        found.copied().ok_or_else(|| UnknownCode(text.to_owned()))
    }
}

impl FromStr for ProblemCode {
    type Err = UnknownCode;

    /// Reads it in capitals or not.
    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        let found = Self::ALL.iter().find(|code| code.as_str().eq_ignore_ascii_case(text));
        found.copied().ok_or_else(|| UnknownCode(text.to_owned()))
    }
}

impl From<ProblemCode> for &'static str {
    fn from(code: ProblemCode) -> Self {
        code.as_str()
    }
}

impl TryFrom<String> for ProblemCode {
    type Error = UnknownCode;

    fn try_from(text: String) -> Result<Self, UnknownCode> {
        text.parse()
    }
}

/// Whoever reads codes as they are shown, as tests do, compares with text.
impl PartialEq<&str> for ProblemCode {
    fn eq(&self, text: &&str) -> bool {
        self.as_str() == *text
    }
}
