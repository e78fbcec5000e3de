//! The wire format of protocol buffers, as much of it as an ONNX file needs: varints, bytes, nested messages.
//!
//! A field is a key `number << 3 | wire type`, then a varint (type 0) or a length and as many bytes (type 2).

/// TensorProto.DataType of 32-bit floating point.
pub(super) const FLOAT: u64 = 1;
/// TensorProto.DataType of 64-bit integers.
pub(super) const INT64: u64 = 7;
/// TensorProto.DataType of 64-bit floating point.
pub(super) const DOUBLE: u64 = 11;
/// AttributeProto.AttributeType of an integer.
pub(super) const ATTRIBUTE_INT: u64 = 2;

/// A message under construction.
#[derive(Default)]
pub(super) struct Message {
    pub(super) bytes: Vec<u8>,
}

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    /// An integer field.
    pub(super) fn number(&mut self, field: u64, value: u64) {
        self.varint(field << 3);
        self.varint(value);
    }

    /// A field of bytes.
    pub(super) fn raw(&mut self, field: u64, bytes: &[u8]) {
        self.varint(field << 3 | 2);
        self.varint(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
    }

    /// A field of text.
    pub(super) fn text(&mut self, field: u64, text: &str) {
        self.raw(field, text.as_bytes());
    }

    /// A nested message.
    pub(super) fn message(&mut self, field: u64, message: &Message) {
        self.raw(field, &message.bytes);
    }
}

/// A ValueInfoProto: a vector of length N.
pub(super) fn tensor_type(name: &str, element: u64) -> Message {
    let mut dimension = Message::default();
    dimension.text(2, "N");
    let mut shape = Message::default();
    shape.message(1, &dimension);
    let mut tensor = Message::default();
    tensor.number(1, element);
    tensor.message(2, &shape);
    let mut kind = Message::default();
    kind.message(1, &tensor);
    let mut info = Message::default();
    info.text(1, name);
    info.message(2, &kind);
    info
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_keys_and_values() {
        let mut m = Message::default();
        m.number(1, 300);
        m.text(2, "hi");
        // 300 = 0b10_0101100: two groups of seven bits, low group first.
        assert_eq!(m.bytes, [0x08, 0xac, 0x02, 0x12, 2, b'h', b'i']);
    }
}
