package io.meltemi.controlplane.translate;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.config.listener.v3.Filter;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.meltemi.common.validation.Origin;
import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.testing.YamlWorld;
import io.meltemi.controlplane.translate.listener.ListenerGenerator;
import io.meltemi.testing.SharedFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** A sidecar that nothing redirects traffic to listens on the ports that its Sidecar imports. */
class InterceptionNoneTest {

  @Test
  void listenersForRequestsAreThoseOfTheReference() throws IOException {
    String written =
        Files.readString(
            SharedFiles.require(
                "corpus/config/xds-config/sidecar-interception-none/input/none.yaml"));
    StringBuilder istio = new StringBuilder();
    for (String document : written.split("\n---\n")) {
      if (document.contains("apiVersion: networking.istio.io/")) {
        istio.append(document).append("\n---\n");
      }
    }
    PushContext context = YamlWorld.of(istio.toString());
    Set<String> names = new TreeSet<>();
    for (GeneratedResource resource : new ListenerGenerator().all(node(), context, List.of())) {
      Listener listener = (Listener) resource.body();
      if (listener.getFilterChainsList().stream()
          .flatMap(chain -> chain.getFiltersList().stream())
          .map(Filter::getName)
          .anyMatch("envoy.filters.network.http_connection_manager"::equals)) {
        names.add(listener.getName());
      }
    }
    assertEquals(Set.of("10.11.0.1_18080", "10.11.0.1_7071", "127.0.0.1_2001"), names);
  }

  private static ProxyNode node() {
    return ProxyNode.parse(
            Node.newBuilder()
                .setId("sidecar~10.11.0.1~fortio.none~none.svc.cluster.local")
                .setMetadata(
                    com.google.protobuf.Struct.newBuilder()
                        .putFields("INTERCEPTION_MODE", text("NONE"))
                        .putFields("HTTP10", text("1"))
                        .putFields("NAMESPACE", text("none")))
                .build(),
            Origin.of("test"))
        .orElseThrow();
  }

  private static com.google.protobuf.Value text(String value) {
    return com.google.protobuf.Value.newBuilder().setStringValue(value).build();
  }
}
