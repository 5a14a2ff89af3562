package io.meltemi.controlplane.translate.envoyfilter;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.Metadata;
import io.envoyproxy.envoy.config.core.v3.TransportSocket;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.CommonTlsContext;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.testing.YamlWorld;
import java.util.List;
import org.junit.jupiter.api.Test;

class PatchesTest {
  private static Cluster cluster(String sni, String alpn) {
    return Cluster.newBuilder()
        .setName(sni)
        .setConnectTimeout(Duration.newBuilder().setSeconds(3).setNanos(5))
        .setTransportSocket(
            TransportSocket.newBuilder()
                .setName("tls")
                .setTypedConfig(
                    Any.pack(
                        UpstreamTlsContext.newBuilder()
                            .setSni(sni)
                            .setCommonTlsContext(
                                CommonTlsContext.newBuilder().addAlpnProtocols(alpn))
                            .build())))
        .build();
  }

  @Test
  void packedMessagesOfOneTypeMergeAndListsGrow() throws Exception {
    Cluster part =
        cluster("b", "two").toBuilder()
            .setConnectTimeout(Duration.newBuilder().setSeconds(9))
            .build();
    Cluster merged = new MessageMerge(false).merge(cluster("a", "one"), part);
    UpstreamTlsContext tls =
        merged.getTransportSocket().getTypedConfig().unpack(UpstreamTlsContext.class);
    assertEquals("b", tls.getSni());
    assertEquals(List.of("one", "two"), tls.getCommonTlsContext().getAlpnProtocolsList());
    assertEquals(Duration.newBuilder().setSeconds(9).build(), merged.getConnectTimeout());

    Cluster replaced = new MessageMerge(true).merge(cluster("a", "one"), part);
    assertEquals(
        List.of("two"),
        replaced
            .getTransportSocket()
            .getTypedConfig()
            .unpack(UpstreamTlsContext.class)
            .getCommonTlsContext()
            .getAlpnProtocolsList());
  }

  @Test
  void packedMessagesOfAnotherTypeReplace() {
    Any below = Any.pack(Metadata.getDefaultInstance());
    Any above = Any.pack(cluster("a", "one"));
    assertEquals(above, new MessageMerge(false).any(below, above));
  }

  @Test
  void bodiesThatCannotBeReadAreReportedWithTheirPlace() {
    PushContext context =
        YamlWorld.of(
            """
            apiVersion: networking.istio.io/v1alpha3
            kind: EnvoyFilter
            metadata: {name: f, namespace: default}
            spec:
              configPatches:
              - applyTo: CLUSTER
                patch: {operation: MERGE, value: {conect_timeout: 3s}}
              - applyTo: HTTP_FILTER
                patch:
                  operation: ADD
                  value: {name: x, typed_config: {'@type': type.googleapis.com/envoy.config.filter.http.lua.v9.Lua}}
              - applyTo: CLUSTER
                patch: {operation: MERGE, value: {connect_timeout: 3s}}
            """);
    assertEquals(
        List.of(
            "warning: world.yaml:7:38: spec.configPatches[0].patch.value: found Cannot find field:"
                + " conect_timeout in message envoy.config.cluster.v3.Cluster (expected: a part of"
                + " envoy.config.cluster.v3.Cluster; the patch has no effect) in EnvoyFilter"
                + " default/f",
            "warning: world.yaml:11:14: spec.configPatches[1].patch.value: found type"
                + " type.googleapis.com/envoy.config.filter.http.lua.v9.Lua (expected: a type of"
                + " Envoy's API) in EnvoyFilter default/f"),
        new ExtensionConfigGenerator().problems(context).stream().map(Object::toString).toList());
  }
}
