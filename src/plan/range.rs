//! Ranges in names and addresses: `worker[01-03]`, `192.168.2.[1,3,5-7]` and the post's `[1|2|3]` stand
//! for several texts. Several ranges in one text give every combination, the last one changing fastest.

/// The most texts one range may stand for; Kubernetes knows no larger cluster of that age.
pub const MOST: usize = 1000;

/// Why a range cannot be expanded; what and cure of a remark.
pub type Refusal = (String, String);

/// Whether the text has a range. An IPv6 address in brackets, `[fd00::1]`, is none.
pub fn has_range(text: &str) -> bool {
    text.contains(['[', ']']) && !is_bracketed_address(text)
}

/// All the texts a text stands for, in order; a text without a range stands for itself.
pub fn expand(text: &str) -> Result<Vec<String>, Refusal> {
    let mut done = vec![String::new()];
    let mut rest = text;
    if !has_range(text) {
        return Ok(vec![text.to_owned()]);
    }
    while let Some((before, after)) = rest.split_once('[') {
        let Some((inside, behind)) = after.split_once(']') else {
            return Err(("has a \"[\" without \"]\"".to_owned(), "write a range like [1-3]".to_owned()));
        };
        if before.contains(']') {
            return Err(unopened());
        }
        let items = items(inside)?;
        if done.len().saturating_mul(items.len()) > MOST {
            return Err(too_many());
        }
        done = done
            .iter()
            .flat_map(|start| items.iter().map(move |item| format!("{start}{before}{item}")))
            .collect();
        rest = behind;
    }
    if rest.contains(']') {
        return Err(unopened());
    }
    for text in &mut done {
        text.push_str(rest);
    }
    Ok(done)
}

fn is_bracketed_address(text: &str) -> bool {
    text.strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .is_some_and(|inside| inside.parse::<std::net::Ipv6Addr>().is_ok())
}

fn unopened() -> Refusal {
    ("has a \"]\" without \"[\"".to_owned(), "write a range like [1-3]".to_owned())
}

fn too_many() -> Refusal {
    (format!("stands for more than {MOST} workers"), "write a smaller range".to_owned())
}

/// The items of one pair of brackets. `,` and `|` both separate; the numbers of `a-b` keep the zeros of `a`.
fn items(inside: &str) -> Result<Vec<String>, Refusal> {
    let mut out = Vec::new();
    for item in inside.split([',', '|']) {
        let item = item.trim();
        let (first, last) = item.split_once('-').unwrap_or((item, item));
        let (Some(from), Some(to)) = (number(first), number(last)) else {
            return Err((
                format!("has a range [{inside}] that is not made of numbers"),
                "write it like [1-3] or [1,3,5-7]".to_owned(),
            ));
        };
        if from > to {
            return Err((format!("has a range {item} that runs backwards"), format!("write {last}-{first}")));
        }
        let padded = [first, last].iter().any(|end| end.len() > 1 && end.starts_with('0'));
        let wide = if padded { first.len() } else { 0 };
        if padded && last.len() != wide {
            return Err((
                format!("has a range {item} whose ends are not equally long"),
                "write as many zeros in both, like 01-12".to_owned(),
            ));
        }
        if usize::try_from(to - from).map_or(true, |more| more >= MOST - out.len().min(MOST)) {
            return Err(too_many());
        }
        out.extend((from..=to).map(|n| format!("{n:0wide$}")));
    }
    Ok(out)
}

fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.len() <= 9 && text.bytes().all(|b| b.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<String> {
        expand(text).unwrap()
    }

    #[test]
    fn expands_numbers_lists_and_the_posts_bars() {
        assert_eq!(of("192.168.2.[1-3]"), ["192.168.2.1", "192.168.2.2", "192.168.2.3"]);
        assert_eq!(of("w[1,3,5-7]"), ["w1", "w3", "w5", "w6", "w7"]);
        assert_eq!(of("192.168.2.[1|2|3]"), of("192.168.2.[1-3]"));
        assert_eq!(of("worker"), ["worker"]);
    }

    #[test]
    fn keeps_zeros() {
        assert_eq!(of("worker[08-10]"), ["worker08", "worker09", "worker10"]);
        assert_eq!(of("worker[0-2]"), ["worker0", "worker1", "worker2"]);
        assert_eq!(of("worker[0-10]").len(), 11);
        assert!(expand("worker[01-110]").is_err() && expand("worker[1-03]").is_err());
    }

    #[test]
    fn combines_several_ranges_the_last_one_fastest() {
        assert_eq!(of("r[1-2]n[1-2].x"), ["r1n1.x", "r1n2.x", "r2n1.x", "r2n2.x"]);
    }

    #[test]
    fn leaves_an_address_in_brackets_alone() {
        assert_eq!(of("[fd00::1]"), ["[fd00::1]"]);
        assert_eq!(of("fd00::[1-2]"), ["fd00::1", "fd00::2"]);
    }

    #[test]
    fn refuses_what_is_not_a_range() {
        for text in ["w[", "w]", "w[]", "w[a-c]", "w[3-1]", "w[1-]", "w[1-2", "w1-2]", "w[[1-2]]", "]["] {
            assert!(expand(text).is_err(), "{text}");
        }
    }

    #[test]
    fn refuses_more_than_a_cluster_holds() {
        assert_eq!(of("w[1-1000]").len(), MOST);
        for text in ["w[1-1001]", "w[0-999999999]", "w[1-100][1-100]", "w[1-600,1-600]", "w[1-99999999999]"] {
            assert!(expand(text).is_err(), "{text}");
        }
    }
}
