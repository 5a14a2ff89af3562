package io.meltemi.proxy.transport;

import com.google.protobuf.Any;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Message;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.meltemi.proxy.parse.MessageTypes;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;

/**
 * What this proxy tells its peers of the workload it serves, in Istio's two forms: as headers and
 * as the first bytes of a connection. Immutable; any thread.
 */
public final class PeerMetadata {
  /** The header, and the field of a connection's first bytes, with the node's id. */
  public static final String ID_HEADER = "x-envoy-peer-metadata-id";

  /** The header, and the field of a connection's first bytes, with the rest. */
  public static final String HEADER = "x-envoy-peer-metadata";

  /** Before every set of first bytes. */
  static final int MAGIC = 0x3D230467;

  private static final List<String> FIELDS =
      List.of("NAME", "NAMESPACE", "OWNER", "WORKLOAD_NAME", "CLUSTER_ID");
  private static final List<String> LABELS =
      List.of(
          "app",
          "version",
          "service.istio.io/canonical-name",
          "service.istio.io/canonical-revision");

  private final byte[] id;
  private final byte[] header;
  private final byte[] frame;

  private PeerMetadata(byte[] id, byte[] header, byte[] frame) {
    this.id = id;
    this.header = header;
    this.frame = frame;
  }

  /** What a node says of its workload. */
  public static PeerMetadata of(Node node) {
    Struct.Builder told = Struct.newBuilder();
    Struct metadata = node.getMetadata();
    for (String field : FIELDS) {
      Value value = metadata.getFieldsMap().get(field);
      if (value != null && value.hasStringValue() && !value.getStringValue().isEmpty()) {
        told.putFields(field, value);
      }
    }
    Struct labels =
        metadata.getFieldsOrDefault("LABELS", Value.getDefaultInstance()).getStructValue();
    Struct.Builder kept = Struct.newBuilder();
    for (String label : LABELS) {
      Value value = labels.getFieldsMap().get(label);
      if (value != null) {
        kept.putFields(label, value);
      }
    }
    if (kept.getFieldsCount() > 0) {
      told.putFields("LABELS", Value.newBuilder().setStructValue(kept).build());
    }
    Struct peer = told.build();
    Any any =
        MessageTypes.pack(
            Struct.newBuilder()
                .putFields(ID_HEADER, Value.newBuilder().setStringValue(node.getId()).build())
                .putFields(HEADER, Value.newBuilder().setStructValue(peer).build())
                .build());
    byte[] body = bytes(any);
    return new PeerMetadata(
        node.getId().getBytes(StandardCharsets.ISO_8859_1),
        Base64.getEncoder().encode(bytes(peer)),
        ByteBuffer.allocate(8 + body.length).putInt(MAGIC).putInt(body.length).put(body).array());
  }

  /** In one order, whatever the order of the maps. */
  private static byte[] bytes(Message message) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    CodedOutputStream coded = CodedOutputStream.newInstance(out);
    coded.useDeterministicSerialization();
    try {
      message.writeTo(coded);
      coded.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  /** The value of {@link #ID_HEADER}; not to be changed. */
  public byte[] id() {
    return id;
  }

  /** The value of {@link #HEADER}, Base64; not to be changed. */
  public byte[] header() {
    return header;
  }

  /** The first bytes of a connection; not to be changed. */
  byte[] frame() {
    return frame;
  }
}
