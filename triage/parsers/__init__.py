"""Pure parsers: bytes or text in, values out. They raise only :class:`Malformed`."""


class Malformed(ValueError):
    """The bytes are not what their place says they should be; the message says where and how."""
