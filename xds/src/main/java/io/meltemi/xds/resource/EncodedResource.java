package io.meltemi.xds.resource;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Message;
import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * A resource in the form that goes over the wire. It is encoded once and then shared by every
 * stream.
 *
 * @param name unique in its type
 * @param version content hash: equal exactly when the bytes are
 * @param body type and bytes
 */
public record EncodedResource(String name, String version, Any body) {

  /** Encodes so that equal messages give equal bytes (map entries are sorted by key). */
  public static EncodedResource encode(String name, Message message) {
    byte[] bytes = new byte[message.getSerializedSize()];
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    out.useDeterministicSerialization();
    try {
      message.writeTo(out);
    } catch (IOException e) {
      throw new UncheckedIOException(name, e);
    }
    Any body =
        Any.newBuilder()
            .setTypeUrl(TypeUrl.of(message.getDescriptorForType()).url())
            .setValue(com.google.protobuf.UnsafeByteOperations.unsafeWrap(bytes))
            .build();
    return of(name, body);
  }

  /** A resource whose bytes exist already. */
  public static EncodedResource of(String name, Any body) {
    return new EncodedResource(name, ContentHash.of(body.getValue()), body);
  }

  public ByteString bytes() {
    return body.getValue();
  }

  /** Size of the encoded message in bytes. */
  public int sizeBytes() {
    return body.getValue().size();
  }
}
