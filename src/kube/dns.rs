//! One DNS question over a byte stream (TCP framing, RFC 1035 4.2.2): on a socket or an SSH tunnel. It
//! opens nothing; deadline and destination are the stream's.

use std::io::{ErrorKind, Read, Write};
use std::net::IpAddr;

use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, PacketFlag, QCLASS, QTYPE, Question, ResourceRecord, TYPE};

/// What the DNS server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Addresses of the name and of what it is an alias for, in the server's order.
    pub addresses: Vec<IpAddr>,
    /// `NoError`, `NameError` (no such name), `ServerFailure` ...
    pub rcode: String,
}

/// Which addresses are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressKind {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
}

/// The question got no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum DnsError {
    /// The name cannot be asked for.
    #[error("{0} is not a DNS name")]
    BadName(String),
    /// No answer before the stream's deadline.
    #[error("the DNS server did not answer in time")]
    Timeout,
    /// The stream ended in the middle or before.
    #[error("the DNS server closed the connection without an answer")]
    Closed,
    /// The stream broke.
    #[error("the connection to the DNS server broke")]
    Broken(#[source] std::io::Error),
    /// What came is not an answer to the question.
    #[error("not a DNS answer: {0}")]
    NotAnAnswer(&'static str),
}

/// Asks `stream` for the addresses of `name`; `id` is random, made by the caller.
pub fn ask<S: Read + Write>(
    stream: &mut S,
    name: &str,
    kind: AddressKind,
    id: u16,
) -> Result<Answer, DnsError> {
    let question = question(name, kind, id)?;
    let length = u16::try_from(question.len()).map_err(|_| DnsError::BadName(name.to_owned()))?;
    // One write: some servers take a length that comes alone for a cut-off message.
    let mut framed = length.to_be_bytes().to_vec();
    framed.extend(question);
    stream.write_all(&framed).and_then(|()| stream.flush()).map_err(from_io)?;
    let mut length = [0; 2];
    stream.read_exact(&mut length).map_err(from_io)?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut message).map_err(from_io)?;
    answer(&message, name, id)
}

/// The message that asks.
pub fn question(name: &str, kind: AddressKind, id: u16) -> Result<Vec<u8>, DnsError> {
    let bad = || DnsError::BadName(name.to_owned());
    let parsed = Name::new(name.trim_end_matches('.')).map_err(|_| bad())?;
    // simple-dns drops empty labels and would ask for another name.
    let label = |label: &str| (1..=63).contains(&label.len()) && label.is_ascii();
    if !name.strip_suffix('.').unwrap_or(name).split('.').all(label) {
        return Err(bad());
    }
    let kind = match kind {
        AddressKind::A => TYPE::A,
        AddressKind::Aaaa => TYPE::AAAA,
    };
    let mut packet = Packet::new_query(id);
    packet.set_flags(PacketFlag::RECURSION_DESIRED);
    packet.questions.push(Question::new(parsed, QTYPE::TYPE(kind), QCLASS::CLASS(CLASS::IN), false));
    packet.build_bytes_vec().map_err(|_| bad())
}

/// Reads the message that answers the question of `name` and `id`.
pub fn answer(message: &[u8], name: &str, id: u16) -> Result<Answer, DnsError> {
    let packet = Packet::parse(message).map_err(|_| DnsError::NotAnAnswer("it cannot be read"))?;
    if !packet.has_flags(PacketFlag::RESPONSE) {
        return Err(DnsError::NotAnAnswer("it is a question"));
    }
    if packet.id() != id {
        return Err(DnsError::NotAnAnswer("it answers another question"));
    }
    let asked = name.trim_end_matches('.');
    if packet.questions.iter().any(|q| !q.qname.to_string().trim_end_matches('.').eq_ignore_ascii_case(asked))
    {
        return Err(DnsError::NotAnAnswer("it answers for another name"));
    }
    let address = |data: &RData<'_>| match data {
        RData::A(a) => Some(IpAddr::from(a.address.to_be_bytes())),
        RData::AAAA(a) => Some(IpAddr::from(a.address.to_be_bytes())),
        _ => None,
    };
    let addresses = packet.answers.iter().filter_map(|record| address(&record.rdata)).collect();
    Ok(Answer { addresses, rcode: format!("{:?}", packet.rcode()) })
}

/// The name that a message asks for; `None` = it asks for none.
pub fn asked_name(message: &[u8]) -> Option<String> {
    let packet = Packet::parse(message).ok()?;
    packet.questions.first().map(|question| question.qname.to_string())
}

/// The message that answers this question with addresses, as a name server of a lab sends it.
pub fn reply(question: &[u8], addresses: &[IpAddr]) -> Option<Vec<u8>> {
    let asked = Packet::parse(question).ok()?;
    let mut packet = Packet::new_reply(asked.id());
    packet.questions = asked.questions;
    let name = packet.questions.first()?.qname.clone();
    for address in addresses {
        let data = match address {
            IpAddr::V4(address) => RData::A((*address).into()),
            IpAddr::V6(address) => RData::AAAA((*address).into()),
        };
        packet.answers.push(ResourceRecord::new(name.clone(), CLASS::IN, 5, data));
    }
    packet.build_bytes_vec().ok()
}

fn from_io(error: std::io::Error) -> DnsError {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => DnsError::Timeout,
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => DnsError::Closed,
        _ => DnsError::Broken(error),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Error, ErrorKind, Read, Result, Write};

    use simple_dns::rdata::{A, CNAME, RData};
    use simple_dns::{CLASS, Name, Packet, PacketFlag, RCODE, ResourceRecord};

    use super::{AddressKind, DnsError, answer, ask, question};

    const NAME: &str = "kubernetes.default.svc.cluster.local";

    struct Stream {
        answer: Cursor<Vec<u8>>,
        asked: Vec<u8>,
        silent: bool,
    }

    impl Read for Stream {
        fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
            // One byte at a time: a tunnel may cut anywhere.
            let n = self.answer.read(&mut buf[..1])?;
            if n == 0 && self.silent { Err(Error::from(ErrorKind::WouldBlock)) } else { Ok(n) }
        }
    }

    impl Write for Stream {
        fn write(&mut self, buf: &[u8]) -> Result<usize> {
            self.asked.write(buf)
        }
        fn flush(&mut self) -> Result<()> {
            Ok(())
        }
    }

    fn reply(id: u16, addresses: &[[u8; 4]]) -> Vec<u8> {
        let asked = question(NAME, AddressKind::A, id).unwrap();
        let mut packet = Packet::parse(&asked).unwrap().into_reply();
        packet.set_flags(PacketFlag::RESPONSE);
        let name = Name::new(NAME).unwrap();
        packet.answers.push(ResourceRecord::new(
            name.clone(),
            CLASS::IN,
            30,
            RData::CNAME(CNAME(name.clone())),
        ));
        for address in addresses {
            let data = RData::A(A { address: u32::from_be_bytes(*address) });
            packet.answers.push(ResourceRecord::new(name.clone(), CLASS::IN, 30, data));
        }
        packet.build_bytes_vec_compressed().unwrap()
    }

    fn stream(message: &[u8], silent: bool) -> Stream {
        let mut framed = u16::try_from(message.len()).unwrap().to_be_bytes().to_vec();
        framed.extend(message);
        Stream { answer: Cursor::new(framed), asked: Vec::new(), silent }
    }

    #[test]
    fn asks_framed_and_reads_the_addresses() {
        let mut stream = stream(&reply(7, &[[10, 3, 0, 1]]), false);
        let got = ask(&mut stream, &format!("{NAME}."), AddressKind::A, 7).unwrap();
        assert_eq!((got.addresses, got.rcode.as_str()), (vec!["10.3.0.1".parse().unwrap()], "NoError"));
        let want = question(NAME, AddressKind::A, 7).unwrap();
        assert_eq!(stream.asked, [&[0, u8::try_from(want.len()).unwrap()], want.as_slice()].concat());
        // RFC 1035: header, 10 kubernetes 7 default 3 svc 7 cluster 5 local 0, type A, class IN.
        assert_eq!(&want[12..23], b"\x0akubernetes");
        assert_eq!(&want[want.len() - 5..], [0, 0, 1, 0, 1]);
    }

    #[test]
    fn no_such_name_is_an_answer() {
        let asked = question(NAME, AddressKind::A, 1).unwrap();
        let mut packet = Packet::parse(&asked).unwrap().into_reply();
        packet.set_flags(PacketFlag::RESPONSE);
        *packet.rcode_mut() = RCODE::NameError;
        let got = answer(&packet.build_bytes_vec().unwrap(), NAME, 1).unwrap();
        assert_eq!((got.addresses.len(), got.rcode.as_str()), (0, "NameError"));
    }

    #[test]
    fn refuses_what_is_not_the_answer() {
        let good = reply(7, &[[10, 3, 0, 1]]);
        assert!(matches!(answer(&good, NAME, 8), Err(DnsError::NotAnAnswer(_))));
        assert!(matches!(answer(&good, "other.local", 7), Err(DnsError::NotAnAnswer(_))));
        assert!(matches!(answer(&good[..9], NAME, 7), Err(DnsError::NotAnAnswer(_))));
        assert!(matches!(
            answer(&question(NAME, AddressKind::A, 7).unwrap(), NAME, 7),
            Err(DnsError::NotAnAnswer(_))
        ));
    }

    #[test]
    fn silence_and_end_are_told_apart() {
        let whole = reply(7, &[]);
        let mut cut = stream(&whole, false);
        cut.answer.get_mut().truncate(9);
        assert!(matches!(ask(&mut cut, NAME, AddressKind::A, 7), Err(DnsError::Closed)));
        let mut slow = stream(&whole, true);
        slow.answer.get_mut().truncate(9);
        assert!(matches!(ask(&mut slow, NAME, AddressKind::A, 7), Err(DnsError::Timeout)));
    }

    #[test]
    fn names_that_cannot_be_asked() {
        for name in ["", ".", &"a".repeat(64), "a..b", "ä.local"] {
            assert!(matches!(question(name, AddressKind::A, 1), Err(DnsError::BadName(_))), "{name}");
        }
    }
}
