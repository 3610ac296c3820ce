//! Response bodies that follow a script: what is sent, when, and how it ends.

use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use crate::play::HungUp;

/// A body as a list of steps.
pub(crate) struct Script {
    steps: VecDeque<Step>,
    /// What `Content-Length` says; without it the body is chunked.
    promised: Option<u64>,
}

enum Step {
    Send(Bytes),
    Pause(Duration),
    /// A pause that has begun.
    Wait(Pin<Box<Sleep>>),
    /// Lets what was sent reach the socket.
    Flush,
    /// Ends the connection in the middle.
    Break,
    Repeat(Bytes),
}

impl Script {
    /// The body as it is.
    pub(crate) fn whole(body: Bytes) -> Self {
        Self {
            promised: Some(body.len() as u64),
            steps: [Step::Send(body)].into(),
        }
    }

    /// Promises all of it and breaks off after so many bytes.
    pub(crate) fn cut(body: Bytes, after: usize) -> Self {
        let promised = Some(body.len() as u64);
        let steps = [Step::Send(head(body, after)), Step::Flush, Step::Break].into();
        Self { steps, promised }
    }

    /// In pieces of so many bytes (at least one), with a pause before each.
    pub(crate) fn drip(body: &Bytes, bytes: usize, every: Duration) -> Self {
        let bytes = bytes.max(1);
        let pieces = (0..body.len()).step_by(bytes);
        let steps = pieces
            .flat_map(|start| {
                let piece = body.slice(start..body.len().min(start.saturating_add(bytes)));
                [Step::Pause(every), Step::Send(piece)]
            })
            .collect();
        Self {
            steps,
            promised: Some(body.len() as u64),
        }
    }

    /// A beginning, then spaces for as long as anyone reads.
    pub(crate) fn endless(beginning: Bytes) -> Self {
        let filling = Bytes::from(vec![b' '; 16 * 1024]);
        Self {
            steps: [Step::Send(beginning), Step::Repeat(filling)].into(),
            promised: None,
        }
    }
}

fn head(mut body: Bytes, bytes: usize) -> Bytes {
    body.truncate(bytes);
    body
}

impl Body for Script {
    type Data = Bytes;
    type Error = HungUp;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HungUp>>> {
        loop {
            match self.steps.front_mut() {
                None => return Poll::Ready(None),
                Some(Step::Repeat(bytes)) => {
                    let frame = Frame::data(bytes.clone());
                    return Poll::Ready(Some(Ok(frame)));
                }
                Some(Step::Wait(sleep)) => ready!(sleep.as_mut().poll(context)),
                Some(_) => {}
            }
            match self.steps.pop_front() {
                Some(Step::Send(bytes)) if !bytes.is_empty() => {
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                Some(Step::Pause(time)) => {
                    self.steps.push_front(Step::Wait(Box::pin(sleep(time))));
                }
                Some(Step::Flush) => {
                    // The connection writes out what it has whenever a body is not ready.
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Some(Step::Break) => return Poll::Ready(Some(Err(HungUp))),
                Some(Step::Send(_) | Step::Wait(_) | Step::Repeat(_)) | None => {}
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.steps.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.promised.map(SizeHint::with_exact).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    const BODY: Bytes = Bytes::from_static(b"0123456789");

    /// The pieces of a body, and whether it ended as it should.
    fn pieces(mut script: Script, most: usize) -> (Vec<Bytes>, bool) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut pieces = Vec::new();
            while pieces.len() < most
                && let Some(frame) = script.frame().await
            {
                match frame {
                    Ok(frame) => pieces.push(frame.into_data().unwrap()),
                    Err(HungUp) => return (pieces, false),
                }
            }
            (pieces, true)
        })
    }

    fn drip(bytes: usize) -> Script {
        Script::drip(&BODY, bytes, Duration::from_millis(1))
    }

    #[test]
    fn a_whole_body_is_one_piece() {
        assert_eq!(pieces(Script::whole(BODY), 9), (vec![BODY], true));
        assert_eq!(pieces(Script::whole(Bytes::new()), 9), (vec![], true));
    }

    #[test]
    fn a_cut_body_promises_more_than_it_sends() {
        for (after, sent) in [(3, "012"), (99, "0123456789")] {
            let script = Script::cut(BODY, after);
            assert_eq!(script.size_hint().exact(), Some(10));
            assert_eq!(pieces(script, 9), (vec![sent.into()], false));
        }
        assert_eq!(pieces(Script::cut(BODY, 0), 9), (vec![], false));
    }

    #[test]
    fn a_dripping_body_comes_in_pieces() {
        let (four, whole) = pieces(drip(4), 9);
        assert_eq!(
            (four, whole),
            (vec!["0123".into(), "4567".into(), "89".into()], true)
        );
        assert_eq!(pieces(drip(0), 99).0.len(), 10);
        assert_eq!(drip(4).size_hint().exact(), Some(10));
    }

    #[test]
    fn an_endless_body_promises_nothing() {
        let script = Script::endless(BODY);
        assert_eq!(script.size_hint().exact(), None);
        assert!(!script.is_end_stream());
        let (pieces, _) = pieces(script, 5);
        assert_eq!(pieces[0], BODY);
        assert!(pieces[4].iter().all(|byte| *byte == b' '));
    }
}
