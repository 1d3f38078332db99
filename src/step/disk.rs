//! Space on the disks of a worker, each where its path really lies.

use crate::plan::code::ProblemCode;
use crate::plan::fact::Machine;
use crate::plan::problem::{Problem, Verdict};

/// Space for keys, units and manifests, MiB.
const FREE_ETC: u64 = 16;
/// Space for images, MiB.
const FREE_IMAGES: u64 = 512;

/// A word on each place that is written to; `images` is where they are kept, and what is free there, MiB.
pub(super) fn verdicts(machine: &Machine, images: (String, Option<u64>)) -> Vec<Verdict> {
    let etc = ("/etc".to_owned(), machine.free_mib.get("/etc").copied());
    [(etc, FREE_ETC), (images, FREE_IMAGES)]
        .into_iter()
        .map(|((path, free), need)| match free {
            Some(mib) if mib < need => Verdict::Stops(
                Problem::new(
                    ProblemCode::Disk01,
                    format!("{path} has {mib} MiB left, {need} MiB are needed"),
                )
                .manual(format!(
                    "make room: du -xh --max-depth=2 {} | sort -h | tail",
                    shell_words::quote(&path)
                )),
            ),
            Some(mib) => Verdict::ok(&format!("space for {path}"), format!("{mib} MiB")),
            None => Verdict::warning(
                &format!("space for {path}"),
                "could not be looked at",
                "see whether df answers there; a mount that hangs keeps it from that",
            ),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Machine, Verdict, verdicts};

    #[test]
    fn the_command_that_shows_what_fills_a_disk_names_one_path_whatever_is_in_it() {
        let seen = verdicts(&Machine::default(), ("/data/it's mine".to_owned(), Some(1)));
        let stopped =
            seen.iter().find_map(|one| if let Verdict::Stops(why) = one { Some(why) } else { None });
        let text = format!("{:?}", stopped.map(|why| &why.ways));
        let command =
            text.split("room: ").nth(1).and_then(|text| text.split(" |").next()).unwrap_or_default();
        let words = shell_words::split(&command.replace("\\\\", "\\")).unwrap_or_default();
        assert_eq!(words, ["du", "-xh", "--max-depth=2", "/data/it's mine"], "{text}");
    }
}
