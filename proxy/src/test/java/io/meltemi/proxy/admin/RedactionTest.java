package io.meltemi.proxy.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import com.google.protobuf.Struct;
import com.google.protobuf.TypeRegistry;
import com.google.protobuf.util.JsonFormat;
import io.envoyproxy.envoy.admin.v3.ClustersConfigDump;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.DataSource;
import io.envoyproxy.envoy.config.core.v3.TransportSocket;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.GenericSecret;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class RedactionTest {
  private static final TypeRegistry TYPES =
      TypeRegistry.newBuilder()
          .add(Cluster.getDescriptor())
          .add(Struct.getDescriptor())
          .add(GenericSecret.getDescriptor())
          .build();

  private static String print(Any inner) throws Exception {
    Cluster cluster =
        Cluster.newBuilder()
            .setName("c")
            .setTransportSocket(TransportSocket.newBuilder().setTypedConfig(inner))
            .build();
    Message dump =
        ClustersConfigDump.newBuilder()
            .addStaticClusters(
                ClustersConfigDump.StaticCluster.newBuilder().setCluster(Any.pack(cluster)))
            .build();
    return JsonFormat.printer()
        .usingTypeRegistry(TYPES)
        .omittingInsignificantWhitespace()
        .print(new Redaction(TYPES).apply(dump));
  }

  @ParameterizedTest
  @CsvSource({
    "type.googleapis.com/other.v1.Thing, secret, not a type of this proxy; 6 bytes are not shown",
    "no url, secret, not a type of this proxy; 6 bytes are not shown",
    "'', '', not a type of this proxy; 0 bytes are not shown",
    "type.googleapis.com/envoy.config.cluster.v3.Cluster, secret, "
        + "not a well-formed message of its type; 6 bytes are not shown",
  })
  void namesWhatItCannotRead(String url, String bytes, String note) throws Exception {
    Any any = Any.newBuilder().setTypeUrl(url).setValue(ByteString.copyFromUtf8(bytes)).build();
    assertEquals(
        "{\"staticClusters\":[{\"cluster\":{"
            + "\"@type\":\"type.googleapis.com/envoy.config.cluster.v3.Cluster\",\"name\":\"c\","
            + "\"transportSocket\":{\"typedConfig\":{"
            + "\"@type\":\"type.googleapis.com/google.protobuf.Struct\",\"value\":{\"@type\":\""
            + url
            + "\",\"note\":\""
            + note
            + "\"}}}}}]}",
        print(any));
  }

  @Test
  void blackensSecretsWithin() throws Exception {
    Any secret =
        Any.pack(
            GenericSecret.newBuilder()
                .setSecret(DataSource.newBuilder().setInlineString("s3"))
                .build());
    String text = print(secret);
    assertEquals(
        "\"secret\":{\"inlineString\":\"[redacted]\"}}}}}]}",
        text.substring(text.indexOf("\"secret\"")));
  }
}
