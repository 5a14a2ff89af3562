package io.meltemi.embedded.sidecar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.util.JsonFormat;
import io.envoyproxy.envoy.config.bootstrap.v3.Bootstrap;
import io.meltemi.common.labels.Labels;
import io.meltemi.common.net.HostPort;
import io.meltemi.common.validation.Origin;
import io.meltemi.config.resource.ResourceName;
import io.meltemi.controlplane.push.LocalPlacement;
import io.meltemi.controlplane.push.ProxyNode;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SidecarBootstrapTest {
  private static final LocalPlacement PLACEMENT =
      new LocalPlacement(
          Map.of(
              9080,
              new LocalPlacement.Inbound(
                  HostPort.parse("127.1.0.4:9080"), HostPort.parse("127.0.0.1:20000"))),
          Map.of(
              HostPort.parse("echo.default.svc.cluster.local:9000"),
              HostPort.parse("127.1.0.4:9000")),
          Optional.of(HostPort.parse("127.1.0.4:15002")),
          Map.of(80, HostPort.parse("127.0.0.1:8080")));

  @Test
  void controlPlaneReadsBackWhatIsWritten() throws Exception {
    Bootstrap.Builder bootstrap = Bootstrap.newBuilder();
    JsonFormat.parser().merge(SidecarBootstrap.json(spec(false)), bootstrap);
    ProxyNode node = ProxyNode.parse(bootstrap.getNode(), Origin.of("test")).orElseThrow();
    assertEquals(PLACEMENT, node.placement().orElseThrow());
    assertTrue(node.isSidecar());
    assertEquals("127.1.0.4", node.ip());
    assertEquals("reviews-v1-abc-0.default", node.id());
    assertEquals("default.svc.cluster.local", node.dnsDomain());
    assertEquals("bookinfo-reviews", node.metadata().serviceAccount());
    assertEquals("v1", node.labels().get("version", ""));
    assertEquals(15000, bootstrap.getAdmin().getAddress().getSocketAddress().getPortValue());
  }

  @Test
  void gatewayIsARouter() throws Exception {
    Bootstrap.Builder bootstrap = Bootstrap.newBuilder();
    JsonFormat.parser().merge(SidecarBootstrap.json(spec(true)), bootstrap);
    assertTrue(bootstrap.getNode().getId().startsWith("router~"));
  }

  private static SidecarSpec spec(boolean gateway) {
    return new SidecarSpec(
        new ResourceName("default", "reviews-v1-abc-0"),
        gateway,
        "127.1.0.4",
        Labels.of(Map.of("app", "reviews", "version", "v1")),
        "bookinfo-reviews",
        "reviews-v1",
        HostPort.parse("127.1.0.4:15000"),
        HostPort.parse("127.0.0.1:15010"),
        "cluster.local",
        PLACEMENT);
  }
}
