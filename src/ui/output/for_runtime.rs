//! Texts that differ with the container runtime. A block between a line with the name of a runtime in
//! square brackets and the next such line or `[end]` is for that runtime alone, and `{runtime}` is its name. Where the runtime is not known the text tells of both.

use crate::plan::runtime_fact::RuntimeKind;

/// Ends the blocks of runtimes.
const END: &str = "[end]";
/// Stands for the name of the runtime.
const NAME: &str = "{runtime}";

/// The runtime whose block begins with this line.
fn begins(line: &str) -> Option<RuntimeKind> {
    RuntimeKind::named(line.strip_prefix('[')?.strip_suffix(']')?)
}

/// The text for this runtime; `None` = the runtime is not known, or both are meant.
pub fn for_runtime(text: &str, runtime: Option<RuntimeKind>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut block = None;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end_matches('\n');
        if bare == END {
            block = None;
        } else if let Some(kind) = begins(bare) {
            block = Some(kind);
        } else if runtime.is_none() || block.is_none() || block == runtime {
            out.push_str(line);
        }
    }
    out.replace(NAME, runtime.map_or("the container runtime", RuntimeKind::name))
}

#[cfg(test)]
mod tests {
    use super::{RuntimeKind, for_runtime};

    #[test]
    fn each_runtime_gets_its_blocks_and_none_gets_a_mark() {
        let text = "a {runtime}\n[docker]\nb {{.Names}}\n[containerd]\nc\n[end]\n[x] d\n";
        for (runtime, told) in [
            (Some(RuntimeKind::Docker), "a docker\nb {{.Names}}\n[x] d\n"),
            (Some(RuntimeKind::Containerd), "a containerd\nc\n[x] d\n"),
            (None, "a the container runtime\nb {{.Names}}\nc\n[x] d\n"),
        ] {
            assert_eq!(for_runtime(text, runtime), told);
        }
    }
}
