"""Components of the page that send messages, such as a click on a row."""

from __future__ import annotations

from functools import partial
from typing import Any

import panel as pn
from panel.custom import JSComponent


class MessageComponent(JSComponent):
    """A component whose messages arrive one after the other, on the thread of the page.

    Panel hands a message over between two turns of the page, where a figure that is changed while another
    message is being sent makes Bokeh fail. Here it waits for the next turn.
    """

    __abstract = True

    def received(self, message: Any) -> None:
        """A message of the browser, as it sent it."""
        raise NotImplementedError

    def _handle_msg(self, msg: Any) -> None:
        document = pn.state.curdoc
        if document is None or document.session_context is None:
            self.received(msg)
        else:
            document.add_next_tick_callback(partial(self.received, msg))
