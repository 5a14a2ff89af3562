package io.meltemi.controlplane.push;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Struct;
import com.google.protobuf.util.JsonFormat;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.meltemi.common.net.HostPort;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.common.validation.Violation;
import io.meltemi.config.mesh.ProxyConfig;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProxyNodeParserTest {
  private static final String ID = "sidecar~10.0.0.1~reviews-1.default~default.svc.cluster.local";

  private static Validation<ProxyNode> parse(String id, String metadata) {
    Struct.Builder struct = Struct.newBuilder();
    try {
      JsonFormat.parser().merge(metadata, struct);
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError(e);
    }
    return ProxyNodeParser.parse(
        Node.newBuilder().setId(id).setMetadata(struct).build(), Origin.of("peer"));
  }

  @Test
  void readsIdAndMetadata() {
    ProxyNode node =
        parse(
                ID,
                """
                {"NAMESPACE": "prod", "LABELS": {"app": "reviews"}, "INSTANCE_IPS": "10.0.0.1,fd00::1",
                 "HTTP_PROXY_PORT": "15002", "UNPRIVILEGED_POD": "true", "INTERCEPTION_MODE": "TPROXY",
                 "DNS_CAPTURE": true, "HTTP10": "1"}
                """)
            .orElseThrow();
    assertEquals(ProxyNode.Type.SIDECAR, node.type());
    assertEquals("reviews-1.default", node.id());
    assertEquals("prod", node.namespace());
    assertEquals(List.of("10.0.0.1", "fd00::1"), node.ips());
    assertEquals("reviews", node.labels().get("app", ""));
    assertEquals(15002, node.metadata().httpProxyPort());
    assertEquals(ProxyNode.InterceptionMode.TPROXY, node.metadata().interceptionMode());
    assertTrue(node.metadata().unprivilegedPod());
    assertTrue(node.metadata().dnsCapture());
    assertTrue(node.metadata().http10());
    assertEquals(Optional.empty(), node.placement());
  }

  @Test
  void readsWhatStandsBeforeAGateway() {
    assertEquals(
        Optional.of(
            new ProxyConfig.GatewayTopology(
                2, ProxyConfig.GatewayTopology.ForwardClientCert.APPEND_FORWARD, true)),
        parse(
                ID,
                """
                {"PROXY_CONFIG": {"concurrency": 2, "gatewayTopology": {"numTrustedProxies": 2,
                  "forwardClientCertDetails": "APPEND_FORWARD", "proxyProtocol": {}}}}
                """)
            .orElseThrow()
            .metadata()
            .gatewayTopology());
    assertEquals(
        Optional.empty(),
        parse(ID, "{\"PROXY_CONFIG\": {\"concurrency\": 2}}")
            .orElseThrow()
            .metadata()
            .gatewayTopology());
    assertEquals(
        List.of(
            "node.metadata.PROXY_CONFIG.gatewayTopology.forwardClientCertDetails",
            "node.metadata.PROXY_CONFIG.gatewayTopology.numTrustedProxies"),
        parse(
                ID,
                """
                {"PROXY_CONFIG": {"gatewayTopology": {"numTrustedProxies": -1,
                  "forwardClientCertDetails": "ALL"}}}
                """)
            .errors()
            .stream()
            .map(Violation::path)
            .toList());
  }

  @Test
  void namespaceComesFromTheIdWithoutMetadata() {
    assertEquals("default", parse(ID, "{}").orElseThrow().namespace());
  }

  @Test
  void readsPlacement() {
    LocalPlacement placement =
        parse(
                ID,
                """
                {"MELTEMI_LOCAL": {
                  "inbound": {"9080": {"bind": "127.1.0.4:9080", "app": "127.0.0.1:34567"}},
                  "outbound": {"tcp-echo.default.svc.cluster.local:9000": "127.1.0.4:21007"},
                  "httpProxy": "127.1.0.4:15002",
                  "gateway": {"8080": "127.0.0.1:8081"}}}
                """)
            .orElseThrow()
            .placement()
            .orElseThrow();
    assertEquals(
        new LocalPlacement.Inbound(
            new HostPort("127.1.0.4", 9080), new HostPort("127.0.0.1", 34567)),
        placement.inbound().get(9080));
    assertEquals(
        new HostPort("127.1.0.4", 21007),
        placement.outbound().get(new HostPort("tcp-echo.default.svc.cluster.local", 9000)));
    assertEquals(Optional.of(new HostPort("127.1.0.4", 15002)), placement.httpProxy());
    assertEquals(new HostPort("127.0.0.1", 8081), placement.gatewayBind(8080));
    assertEquals(new HostPort("127.0.0.1", 443), placement.gatewayBind(443));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "sidecar",
        "sidecar~10.0.0.1~a.b",
        "sidecar~10.0.0.1~a.b~c~d",
        "ztunnel~10.0.0.1~a.b~c",
        "sidecar~~a.b~c"
      })
  void refusesBadIds(String id) {
    List<Violation> errors = parse(id, "{}").errors();
    assertEquals(List.of("node.id"), errors.stream().map(Violation::path).toList());
  }

  @Test
  void collectsEveryError() {
    List<Violation> errors =
        parse(
                ID,
                """
                {"INTERCEPTION_MODE": "MAGIC", "HTTP_PROXY_PORT": "70000",
                 "MELTEMI_LOCAL": {"inbound": {"http": {"bind": "127.0.0.1:80", "app": "x"}, "0": {"bind": "127.0.0.1:1", "app": "127.0.0.1:2"}},
                                   "outbound": {"echo:1": ":99"}, "gateway": {"80": ""}, "httpProxy": "15002"}}
                """)
            .errors();
    assertEquals(
        List.of(
            "node.metadata.INTERCEPTION_MODE",
            "node.metadata.HTTP_PROXY_PORT",
            "node.metadata.MELTEMI_LOCAL.gateway.80",
            "node.metadata.MELTEMI_LOCAL.httpProxy",
            "node.metadata.MELTEMI_LOCAL.inbound.0",
            "node.metadata.MELTEMI_LOCAL.inbound.http.app",
            "node.metadata.MELTEMI_LOCAL.outbound.echo:1"),
        errors.stream()
            .map(Violation::path)
            .sorted(
                java.util.Comparator.<String>comparingInt(path -> path.contains("MELTEMI") ? 1 : 0)
                    .thenComparing(path -> path.contains("MELTEMI") ? path : ""))
            .toList());
  }

  @Test
  void placementMustBeAnObject() {
    assertEquals(
        List.of("node.metadata.MELTEMI_LOCAL"),
        parse(ID, "{\"MELTEMI_LOCAL\": \"yes\"}").errors().stream().map(Violation::path).toList());
  }
}
