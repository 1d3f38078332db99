//! Turns what was asked of the kernel into a fact.

use crate::plan::clean;
use crate::plan::fact::{Fact, Known};
use crate::plan::kernel_fact::{KeptSetting, KernelFact};
use crate::runtime::answer_lines::{AnswerLines, all, has};

/// As many lines of a kind are taken.
const MANY: usize = 200;

/// The fact behind the lines.
pub fn kernel(lines: &AnswerLines) -> Known<Fact> {
    if !has(lines, "done") {
        return Known::No("the answer was cut off".to_owned());
    }
    let short = |word: &str| clean::short(word, 200).into();
    let kept = |line: &str, words: usize| {
        let mut parts = line.splitn(words, ' ');
        let key = short(parts.next()?);
        let value = if words == 3 { short(parts.next()?) } else { "".into() };
        Some(KeptSetting { key, value, file: short(parts.next()?) })
    };
    let sysctls = all(lines, "sysctl").take(MANY).filter_map(|line| {
        let (key, value) = line.split_once(' ')?;
        Some((clean::short(key, 80), short(value.trim())))
    });
    Known::Yes(Fact::Kernel(Box::new(KernelFact {
        sysctls: sysctls.collect(),
        overlay: has(lines, "overlay"),
        bridge: has(lines, "bridge"),
        has_modules: has(lines, "modules"),
        builtin: all(lines, "builtin").take(MANY).map(short).collect(),
        kept_sysctls: all(lines, "kept-sysctl").take(MANY).filter_map(|line| kept(line, 3)).collect(),
        kept_modules: all(lines, "kept-module").take(MANY).filter_map(|line| kept(line, 2)).collect(),
    })))
}
