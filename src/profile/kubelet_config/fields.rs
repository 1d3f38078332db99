//! The fields of `KubeletConfiguration` as a table: name, and what its value is. Which minor has which stands in
//! `plan::minors`.
//!
//! Source: `config/v1beta1/types.go` of k8s.io/kubelet v0.37.2; of the parts `logs/api/v1/types.go` and
//! `tracing/api/v1/types.go` of k8s.io/component-base v0.37.2. The words of a choice stand in `pkg/kubelet` of 1.37.2.

use ConfigValue::{
    Amounts, AnyDuration, Bytes, Duration, Flag, Flags, GracePeriods, OneOf, Part, Parts, Percents, Quantity,
    Real, Reclaims, Reserved, Text, TextLists, TextMap, Texts, Thresholds, Whole32, Whole64, Wholes,
};

use crate::plan::minors::{self, RowKind};
use crate::plan::model::Version;

/// What a value is.
#[derive(Debug, Clone, Copy)]
pub(super) enum ConfigValue {
    /// `true` or `false`.
    Flag,
    /// A whole number of 32 bits.
    Whole32,
    /// A whole number of 64 bits.
    Whole64,
    /// A number.
    Real,
    /// A text.
    Text,
    /// One of these texts; an empty one is the default.
    OneOf(&'static [&'static str]),
    /// A text such as `1m30s`.
    Duration,
    /// The same, or nanoseconds as a number.
    AnyDuration,
    /// A text such as `10Mi`, a whole number of bytes.
    Bytes,
    /// A text such as `10Mi`, or a number.
    Quantity,
    /// A list of texts.
    Texts,
    /// A list of whole numbers.
    Wholes,
    /// A mapping of texts.
    TextMap,
    /// A mapping of lists of texts.
    TextLists,
    /// A mapping of truth values.
    Flags,
    /// Eviction signals, each with a percentage or a quantity.
    Thresholds,
    /// The same, as what is freed at least.
    Reclaims,
    /// Eviction signals, each with a duration.
    GracePeriods,
    /// What is reserved of which resource.
    Reserved,
    /// A percentage of memory.
    Percents,
    /// A quantity of each resource.
    Amounts,
    /// A mapping of these fields.
    Part(&'static [ConfigField]),
    /// A list of such mappings.
    Parts(&'static [ConfigField]),
}

/// A field that is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct ConfigField {
    /// Its name.
    pub(super) name: &'static str,
    /// What its value is.
    pub(super) value: ConfigValue,
}

/// The version that a field came with, by its path, where this kubelet is older.
pub(super) fn came_later(path: &str, kubelet: Version) -> Option<Version> {
    if minors::kubelet_field(path, kubelet) != Some(false) {
        return None;
    }
    let row = minors::rows().find(|row| row.kind == RowKind::KubeletField && row.what == path);
    row.map(|row| row.span.first())
}

const fn field(name: &'static str, value: ConfigValue) -> ConfigField {
    ConfigField { name, value }
}

/// All of the file but `apiVersion` and `kind`.
#[rustfmt::skip]
pub(super) const FIELDS: &[ConfigField] = &[
    field("enableServer", Flag),
    field("staticPodPath", Text),
    field("podLogsDir", Text),
    field("syncFrequency", Duration),
    field("fileCheckFrequency", Duration),
    field("httpCheckFrequency", Duration),
    field("staticPodURL", Text),
    field("staticPodURLHeader", TextLists),
    field("address", Text),
    field("port", Whole32),
    field("readOnlyPort", Whole32),
    field("tlsCertFile", Text),
    field("tlsPrivateKeyFile", Text),
    field("tlsCipherSuites", Texts),
    field("tlsCurvePreferences", Wholes),
    field("tlsMinVersion", OneOf(&["VersionTLS10", "VersionTLS11", "VersionTLS12", "VersionTLS13"])),
    field("rotateCertificates", Flag),
    field("serverTLSBootstrap", Flag),
    field("authentication", Part(AUTHENTICATION)),
    field("authorization", Part(AUTHORIZATION)),
    field("registryPullQPS", Whole32),
    field("registryBurst", Whole32),
    field("imagePullCredentialsVerificationPolicy", OneOf(&["NeverVerify", "NeverVerifyPreloadedImages", "NeverVerifyAllowlistedImages", "AlwaysVerify"])),
    field("preloadedImagesVerificationAllowlist", Texts),
    field("eventRecordQPS", Whole32),
    field("eventBurst", Whole32),
    field("enableDebuggingHandlers", Flag),
    field("enableContentionProfiling", Flag),
    field("healthzPort", Whole32),
    field("healthzBindAddress", Text),
    field("oomScoreAdj", Whole32),
    field("clusterDomain", Text),
    field("clusterDNS", Texts),
    field("streamingConnectionIdleTimeout", Duration),
    field("nodeStatusUpdateFrequency", Duration),
    field("nodeStatusReportFrequency", Duration),
    field("nodeLeaseDurationSeconds", Whole32),
    field("imageMinimumGCAge", Duration),
    field("imageMaximumGCAge", Duration),
    field("imageGCHighThresholdPercent", Whole32),
    field("imageGCLowThresholdPercent", Whole32),
    field("volumeStatsAggPeriod", Duration),
    field("kubeletCgroups", Text),
    field("systemCgroups", Text),
    field("cgroupRoot", Text),
    field("cgroupsPerQOS", Flag),
    field("cgroupDriver", OneOf(&["cgroupfs", "systemd"])),
    field("cpuManagerPolicy", OneOf(&["none", "static"])),
    field("singleProcessOOMKill", Flag),
    field("cpuManagerPolicyOptions", TextMap),
    field("cpuManagerReconcilePeriod", Duration),
    field("memoryManagerPolicy", OneOf(&["None", "Static"])),
    field("topologyManagerPolicy", OneOf(&["none", "best-effort", "restricted", "single-numa-node"])),
    field("topologyManagerScope", OneOf(&["container", "pod"])),
    field("topologyManagerPolicyOptions", TextMap),
    field("qosReserved", Percents),
    field("runtimeRequestTimeout", Duration),
    field("hairpinMode", OneOf(&["promiscuous-bridge", "hairpin-veth", "none"])),
    field("maxPods", Whole32),
    field("podCIDR", Text),
    field("podPidsLimit", Whole64),
    field("resolvConf", Text),
    field("runOnce", Flag),
    field("cpuCFSQuota", Flag),
    field("cpuCFSQuotaPeriod", Duration),
    field("nodeStatusMaxImages", Whole32),
    field("maxOpenFiles", Whole64),
    field("contentType", Text),
    field("kubeAPIQPS", Whole32),
    field("kubeAPIBurst", Whole32),
    field("serializeImagePulls", Flag),
    field("maxParallelImagePulls", Whole32),
    field("evictionHard", Thresholds),
    field("evictionSoft", Thresholds),
    field("evictionSoftGracePeriod", GracePeriods),
    field("evictionPressureTransitionPeriod", Duration),
    field("evictionMaxPodGracePeriod", Whole32),
    field("evictionMinimumReclaim", Reclaims),
    field("mergeDefaultEvictionSettings", Flag),
    field("podsPerCore", Whole32),
    field("enableControllerAttachDetach", Flag),
    field("protectKernelDefaults", Flag),
    field("makeIPTablesUtilChains", Flag),
    field("iptablesMasqueradeBit", Whole32),
    field("iptablesDropBit", Whole32),
    field("featureGates", Flags),
    field("failSwapOn", Flag),
    field("memorySwap", Part(MEMORY_SWAP)),
    field("containerLogMaxSize", Bytes),
    field("containerLogMaxFiles", Whole32),
    field("containerLogMaxWorkers", Whole32),
    field("containerLogMonitorInterval", Duration),
    field("configMapAndSecretChangeDetectionStrategy", OneOf(&["Watch", "Cache", "Get"])),
    field("systemReserved", Reserved),
    field("kubeReserved", Reserved),
    field("reservedSystemCPUs", Text),
    field("showHiddenMetricsForVersion", Text),
    field("systemReservedCgroup", Text),
    field("kubeReservedCgroup", Text),
    field("enforceNodeAllocatable", Texts),
    field("allowedUnsafeSysctls", Texts),
    field("defaultPodSysctls", TextMap),
    field("volumePluginDir", Text),
    field("providerID", Text),
    field("kernelMemcgNotification", Flag),
    field("logging", Part(LOGGING)),
    field("enableSystemLogHandler", Flag),
    field("enableSystemLogQuery", Flag),
    field("shutdownGracePeriod", Duration),
    field("shutdownGracePeriodCriticalPods", Duration),
    field("shutdownGracePeriodByPodPriority", Parts(SHUTDOWN_BY_PRIORITY)),
    field("crashLoopBackOff", Part(CRASH_LOOP)),
    field("reservedMemory", Parts(RESERVED_MEMORY)),
    field("enableProfilingHandler", Flag),
    field("enableDebugFlagsHandler", Flag),
    field("seccompDefault", Flag),
    field("memoryThrottlingFactor", Real),
    field("memoryReservationPolicy", OneOf(&["None", "TieredReservation"])),
    field("registerWithTaints", Parts(TAINTS)),
    field("registerNode", Flag),
    field("tracing", Part(TRACING)),
    field("localStorageCapacityIsolation", Flag),
    field("containerRuntimeEndpoint", Text),
    field("imageServiceEndpoint", Text),
    field("failCgroupV1", Flag),
    field("userNamespaces", Part(USER_NAMESPACES)),
];

const AUTHENTICATION: &[ConfigField] = &[
    field("x509", Part(&[field("clientCAFile", Text)])),
    field("webhook", Part(&[field("enabled", Flag), field("cacheTTL", Duration)])),
    field("anonymous", Part(&[field("enabled", Flag)])),
];
const AUTHORIZATION: &[ConfigField] = &[
    field("mode", OneOf(&["AlwaysAllow", "Webhook"])),
    field("webhook", Part(&[field("cacheAuthorizedTTL", Duration), field("cacheUnauthorizedTTL", Duration)])),
];
const MEMORY_SWAP: &[ConfigField] = &[field("swapBehavior", Text)];
const CRASH_LOOP: &[ConfigField] = &[field("maxContainerRestartPeriod", Duration)];
const USER_NAMESPACES: &[ConfigField] = &[field("idsPerPod", Whole64)];
const TRACING: &[ConfigField] = &[field("endpoint", Text), field("samplingRatePerMillion", Whole32)];
const RESERVED_MEMORY: &[ConfigField] = &[field("numaNode", Whole32), field("limits", Amounts)];
const SHUTDOWN_BY_PRIORITY: &[ConfigField] =
    &[field("priority", Whole32), field("shutdownGracePeriodSeconds", Whole64)];
const TAINTS: &[ConfigField] = &[
    field("key", Text),
    field("value", Text),
    field("effect", OneOf(&["NoSchedule", "PreferNoSchedule", "NoExecute"])),
    field("timeAdded", Text),
];
const ROUTING: &[ConfigField] = &[field("splitStream", Flag), field("infoBufferSize", Quantity)];
const LOGGING: &[ConfigField] = &[
    field("format", OneOf(&["text", "json"])),
    field("flushFrequency", AnyDuration),
    field("verbosity", Whole32),
    field("vmodule", Parts(&[field("filePattern", Text), field("verbosity", Whole32)])),
    field("options", Part(&[field("text", Part(ROUTING)), field("json", Part(ROUTING))])),
];

/// What is set by a flag and has no field, as somebody would write it as one, and the flag
/// (`cmd/kubelet/app/options/options.go` of 1.37.2).
pub(super) const FLAGS: &[(&str, &str)] = &[
    ("kubeconfig", "--kubeconfig"),
    ("bootstrapKubeconfig", "--bootstrap-kubeconfig"),
    ("hostnameOverride", "--hostname-override"),
    ("nodeIP", "--node-ip"),
    ("nodeLabels", "--node-labels"),
    ("housekeepingInterval", "--housekeeping-interval"),
    ("rootDir", "--root-dir"),
    ("certDir", "--cert-dir"),
    ("lockFile", "--lock-file"),
    ("imageCredentialProviderConfig", "--image-credential-provider-config"),
    ("imageCredentialProviderBinDir", "--image-credential-provider-bin-dir"),
    ("configDir", "--config-dir"),
];

/// Flags whose field has another name.
pub(super) const OTHER_NAMES: &[(&str, &str)] = &[
    ("podManifestPath", "staticPodPath"),
    ("manifestURL", "staticPodURL"),
    ("reservedCPUs", "reservedSystemCPUs"),
    ("podMaxPids", "podPidsLimit"),
    ("imageGCHighThreshold", "imageGCHighThresholdPercent"),
    ("imageGCLowThreshold", "imageGCLowThresholdPercent"),
    ("minimumImageTTLDuration", "imageMinimumGCAge"),
    ("eventQPS", "eventRecordQPS"),
    ("registryQPS", "registryPullQPS"),
    ("clientCAFile", "authentication.x509.clientCAFile"),
    ("anonymousAuth", "authentication.anonymous.enabled"),
    ("authenticationTokenWebhook", "authentication.webhook.enabled"),
    ("authorizationMode", "authorization.mode"),
    ("v", "logging.verbosity"),
];

/// Eviction signals (`pkg/kubelet/eviction/api/types.go` of 1.24.17, 1.28.15, 1.29.6 and 1.37.2).
pub(super) const SIGNALS: &[ConfigField] = &[
    field("memory.available", Text),
    field("nodefs.available", Text),
    field("nodefs.inodesFree", Text),
    field("imagefs.available", Text),
    field("imagefs.inodesFree", Text),
    field("pid.available", Text),
    field("allocatableMemory.available", Text),
    field("containerfs.available", Text),
    field("containerfs.inodesFree", Text),
];

/// What `evictionHard` is where nobody sets it (`pkg/kubelet/eviction/defaults_linux.go`; later kubelets also have
/// `imagefs.inodesFree` there).
pub(super) const EVICTION: &[(&str, &str)] = &[
    ("memory.available", "100Mi"),
    ("nodefs.available", "10%"),
    ("nodefs.inodesFree", "5%"),
    ("imagefs.available", "15%"),
];

/// What may be reserved for the system and for the kubelet (`parseResourceList` in `cmd/kubelet/app/server.go`).
pub(super) const RESOURCES: &[&str] = &["cpu", "memory", "ephemeral-storage", "pid"];
