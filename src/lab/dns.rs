//! A DNS server behind kube-proxy's rules: answers real questions over a stream in memory.

use std::io::{Read, Write};
use std::net::IpAddr;

use simple_dns::rdata::{A, AAAA, RData};
use simple_dns::{CLASS, Packet, PacketFlag, QTYPE, RCODE, ResourceRecord, TYPE};

use crate::lab::state::Lab;

/// A connection to cluster DNS.
pub(crate) struct DnsPipe {
    lab: Lab,
    asked: Vec<u8>,
    answer: Vec<u8>,
}

impl DnsPipe {
    pub fn new(lab: Lab) -> Self {
        Self { lab, asked: Vec::new(), answer: Vec::new() }
    }
}

impl Write for DnsPipe {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.asked.extend_from_slice(bytes);
        while let [high, low, rest @ ..] = self.asked.as_slice() {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            let Some(message) = rest.get(..length) else { break };
            let lab = &self.lab;
            let reply = answer(message, &|name| lab.cluster_state(|cluster| cluster.service(name)));
            if let Some(reply) = reply {
                let length = u16::try_from(reply.len()).unwrap_or(u16::MAX);
                self.answer.extend_from_slice(&length.to_be_bytes());
                self.answer.extend_from_slice(&reply);
            }
            self.asked.drain(..length.saturating_add(2));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Read for DnsPipe {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.answer.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(self.answer.drain(..count)) {
            *to = from;
        }
        Ok(count)
    }
}

/// The message that answers a question.
fn answer(message: &[u8], resolve: &dyn Fn(&str) -> Option<IpAddr>) -> Option<Vec<u8>> {
    let asked = Packet::parse(message).ok()?;
    let question = asked.questions.first()?.clone();
    let mut reply = Packet::new_reply(asked.id());
    reply
        .set_flags(PacketFlag::RESPONSE | PacketFlag::RECURSION_AVAILABLE | PacketFlag::AUTHORITATIVE_ANSWER);
    reply.questions.push(question.clone());
    match (resolve(&question.qname.to_string()), question.qtype) {
        (Some(IpAddr::V4(address)), QTYPE::TYPE(TYPE::A)) => {
            let data = RData::A(A { address: address.into() });
            reply.answers.push(ResourceRecord::new(question.qname, CLASS::IN, 30, data));
        }
        (Some(IpAddr::V6(address)), QTYPE::TYPE(TYPE::AAAA)) => {
            let data = RData::AAAA(AAAA { address: address.into() });
            reply.answers.push(ResourceRecord::new(question.qname, CLASS::IN, 30, data));
        }
        (Some(_), _) => {}
        (None, _) => *reply.rcode_mut() = RCODE::NameError,
    }
    reply.build_bytes_vec().ok()
}
