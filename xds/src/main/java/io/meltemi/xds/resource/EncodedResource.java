package io.meltemi.xds.resource;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Message;
import com.google.protobuf.UnsafeByteOperations;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/**
 * A resource in the form that goes over the wire. It is encoded once and then shared by every
 * stream: its bytes are the {@code resources} field of a response, complete with its tag. That
 * field has number 2 in both variants of the protocol, and the wrapper of the delta variant ends
 * with a field of number 2 that is the very field of the other, so one array serves both.
 *
 * <p>Immutable; equal when name and version are.
 */
public final class EncodedResource {
  private static final int RESOURCES_FIELD = 2;
  private static final int VERSION_FIELD = 1;
  private static final int RESOURCE_FIELD = 2;
  private static final int NAME_FIELD = 3;
  private static final int TYPE_URL_FIELD = 1;
  private static final int VALUE_FIELD = 2;

  private final String name;
  private final String version;
  private final byte[] wire;

  /** Where the field of the state-of-the-world variant begins. */
  private final int state;

  /** Where the message itself begins; it goes on to the end. */
  private final int message;

  private final String typeUrl;

  private EncodedResource(String name, String version, String typeUrl, ByteString value) {
    this.name = name;
    this.version = version;
    this.typeUrl = typeUrl;
    int anySize =
        CodedOutputStream.computeStringSize(TYPE_URL_FIELD, typeUrl)
            + CodedOutputStream.computeBytesSize(VALUE_FIELD, value);
    int stateSize = fieldSize(anySize);
    int wrapperSize =
        CodedOutputStream.computeStringSize(VERSION_FIELD, version)
            + CodedOutputStream.computeStringSize(NAME_FIELD, name)
            + stateSize;
    this.wire = new byte[fieldSize(wrapperSize)];
    this.state = wire.length - stateSize;
    this.message = wire.length - value.size();
    CodedOutputStream out = CodedOutputStream.newInstance(wire);
    try {
      out.writeTag(RESOURCES_FIELD, com.google.protobuf.WireFormat.WIRETYPE_LENGTH_DELIMITED);
      out.writeUInt32NoTag(wrapperSize);
      out.writeString(VERSION_FIELD, version);
      out.writeString(NAME_FIELD, name);
      out.writeTag(RESOURCE_FIELD, com.google.protobuf.WireFormat.WIRETYPE_LENGTH_DELIMITED);
      out.writeUInt32NoTag(anySize);
      out.writeString(TYPE_URL_FIELD, typeUrl);
      out.writeBytes(VALUE_FIELD, value);
      out.checkNoSpaceLeft();
    } catch (IOException e) {
      throw new UncheckedIOException(name, e);
    }
  }

  private static int fieldSize(int size) {
    return CodedOutputStream.computeTagSize(RESOURCES_FIELD)
        + CodedOutputStream.computeUInt32SizeNoTag(size)
        + size;
  }

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
    return of(
        name,
        Any.newBuilder()
            .setTypeUrl(TypeUrl.of(message.getDescriptorForType()).url())
            .setValue(UnsafeByteOperations.unsafeWrap(bytes))
            .build());
  }

  /** A resource whose bytes exist already. */
  public static EncodedResource of(String name, Any body) {
    return new EncodedResource(
        name, ContentHash.of(body.getValue()), body.getTypeUrl(), body.getValue());
  }

  /** Stands for a resource that a client says it has; nothing is known of it but the version. */
  static EncodedResource known(String name, String version) {
    return new EncodedResource(name, version, "", ByteString.EMPTY);
  }

  /** Unique in its type. */
  public String name() {
    return name;
  }

  /** Content hash: equal exactly when the bytes are. */
  public String version() {
    return version;
  }

  /** Type and bytes; shares them. */
  public Any body() {
    return Any.newBuilder().setTypeUrl(typeUrl).setValue(bytes()).build();
  }

  public ByteString bytes() {
    return UnsafeByteOperations.unsafeWrap(wire, message, wire.length - message);
  }

  /** Size of the encoded message in bytes. */
  public int sizeBytes() {
    return wire.length - message;
  }

  /** Bytes that {@link #writeTo} writes. */
  public int fieldBytes(boolean delta) {
    return delta ? wire.length : wire.length - state;
  }

  /**
   * Writes the {@code resources} field of a response.
   *
   * @param delta with name and version, as {@code DeltaDiscoveryResponse} has it
   */
  public void writeTo(OutputStream out, boolean delta) throws IOException {
    int from = delta ? 0 : state;
    out.write(wire, from, wire.length - from);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || (other instanceof EncodedResource that
            && version.equals(that.version)
            && name.equals(that.name));
  }

  @Override
  public int hashCode() {
    return name.hashCode() * 31 + version.hashCode();
  }

  @Override
  public String toString() {
    return name + " " + version;
  }
}
