package io.meltemi.controlplane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.controlplane.push.PushEvents;
import io.meltemi.xds.client.XdsClientSettings.Variant;
import io.meltemi.xds.resource.ClientFeature;
import io.meltemi.xds.resource.TypeUrl;
import io.meltemi.xds.server.Amount;
import io.meltemi.xds.server.Sent;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a push makes, shares, sends, sends again and leaves out, to the last resource and byte. */
class PushAmountsTest {
  private static final String SERVICE =
      """
      apiVersion: v1
      kind: Service
      metadata: {name: reviews, namespace: default}
      spec:
        clusterIP: 10.1.0.1
        ports: [{name: http, port: 9080}]
      """;

  private static final String RULE =
      """
      apiVersion: networking.istio.io/v1
      kind: DestinationRule
      metadata: {name: reviews, namespace: default}
      spec:
        host: reviews
        subsets:
        - {name: v1, labels: {version: v1}}
      """;

  private static final String ROUTE =
      """
      apiVersion: networking.istio.io/v1
      kind: VirtualService
      metadata: {name: reviews, namespace: default}
      spec:
        hosts: [reviews]
        http: [{route: [{destination: {host: reviews}}]}]
      """;

  /** The service, its subset and the three that every sidecar has. */
  private static final int CLUSTERS = 5;

  /** The service and its subset. */
  private static final int ASSIGNMENTS = 2;

  private final Map<String, Long> counts = new TreeMap<>();
  private final PushFixture mesh = new PushFixture(new Counting());

  private final class Counting implements PushEvents {
    private void count(TypeUrl type, String what, long number) {
      counts.merge(type.shortName() + " " + what, number, Long::sum);
    }

    @Override
    public void generated(TypeUrl type, int resources, Duration translating, Duration encoding) {
      count(type, "made", resources);
    }

    @Override
    public void shared(TypeUrl type, int resources) {
      count(type, "shared", resources);
    }

    @Override
    public void pushed(TypeUrl type, Sent sent) {
      count(type, "sent", sent.changes());
      count(type, "again", sent.amounts().again().resources());
      count(type, "bytes again", sent.amounts().again().bytes());
      count(type, "bytes", sent.bytes());
    }

    @Override
    public void skipped(TypeUrl type, Amount held) {
      count(type, "skipped", held.resources());
      count(type, "saved", held.bytes());
    }
  }

  @AfterEach
  void stop() {
    mesh.close();
  }

  private void connect(Variant... variants) {
    mesh.write("service.yaml", SERVICE);
    mesh.write("rule.yaml", RULE);
    mesh.write("route.yaml", ROUTE);
    for (Variant variant : variants) {
      mesh.proxy(variant);
    }
  }

  /** Only what is said of some types; bytes apart, which are compared with one another. */
  private Map<String, Long> counted(String type) {
    Map<String, Long> found = new TreeMap<>();
    counts.forEach(
        (key, value) -> {
          if (key.startsWith(type) && !key.contains("bytes") && !key.contains("saved")) {
            found.put(key.substring(type.length() + 1), value);
          }
        });
    return found;
  }

  private long bytes(String what) {
    return counts.getOrDefault(what, 0L);
  }

  @Test
  void theFirstProxyHasItMadeAndTheOthersShareIt() {
    connect(Variant.DELTA, Variant.STATE_OF_THE_WORLD, Variant.DELTA);
    assertEquals(Map.of("made", 5L, "shared", 10L, "sent", 15L, "again", 0L), counted("cds"));
    assertEquals(Map.of("made", 1L, "shared", 2L, "sent", 3L, "again", 0L), counted("rds"));
    assertEquals(0, bytes("cds bytes") % 3, "three times the very bytes");
    assertEquals(0, bytes("cds saved"));
  }

  @Test
  void clustersAndEndpointsAreMadeOnceForAllNamespaces() {
    connect(Variant.DELTA);
    counts.clear();
    mesh.proxy(Variant.DELTA, TestProxy.node("elsewhere"));
    assertEquals(ASSIGNMENTS, counted("cds").get("shared"), "the service and its subset");
    assertEquals(CLUSTERS - ASSIGNMENTS, counted("cds").get("made"), "what belongs to no service");
    assertEquals(Map.of("made", 0L, "shared", 2L, "sent", 2L, "again", 0L), counted("eds"));
  }

  @Test
  void aRouteLeavesOutWhatEveryProxyHolds() {
    connect(Variant.DELTA, Variant.STATE_OF_THE_WORLD, Variant.DELTA);
    long clusters = bytes("cds bytes");
    counts.clear();
    mesh.write("route.yaml", ROUTE.replace("http: [{", "http: [{timeout: 1s, "));
    assertEquals(Map.of("made", 1L, "shared", 2L, "sent", 3L, "again", 0L), counted("rds"));
    assertEquals(
        Map.of("shared", 3L * CLUSTERS, "skipped", 3L * CLUSTERS), counted("cds"), "none is sent");
    assertEquals(clusters, bytes("cds saved"), "what the first time took");
    assertEquals(Map.of("shared", 3L * ASSIGNMENTS, "skipped", 3L * ASSIGNMENTS), counted("eds"));
    assertEquals(0, bytes("rds saved"));
  }

  @Test
  void endpointsOfAChangedClusterAreSentAgainAndCountedApart() {
    connect(Variant.DELTA);
    counts.clear();
    mesh.write(
        "rule.yaml",
        RULE.replace(
            "- {name: v1,",
            "- {name: v1, trafficPolicy: {connectionPool: {tcp: {maxConnections: 7}}},"));
    assertEquals(
        Map.of("made", 5L, "sent", 1L, "again", 0L, "skipped", CLUSTERS - 1L), counted("cds"));
    assertTrue(bytes("cds bytes") > 0);
    assertEquals(
        mesh.engine.preview(mesh.engine.proxies().getFirst(), TypeUrl.CLUSTER).stream()
            .mapToLong(cluster -> cluster.body().getSerializedSize())
            .sum(),
        bytes("cds bytes") + bytes("cds saved"),
        "all that a full push would have sent");
    assertEquals(1, counted("eds").get("again"));
    assertEquals(0, counted("eds").get("sent"));
    assertEquals(1, counted("eds").get("skipped"));
    assertEquals(bytes("eds bytes"), bytes("eds bytes again"));
    assertTrue(bytes("eds bytes again") > 0);
  }

  @Test
  void aClientThatKeepsEndpointsIsNotSentThemAgain() {
    mesh.write("service.yaml", SERVICE);
    mesh.write("rule.yaml", RULE);
    mesh.proxy(
        Variant.DELTA,
        TestProxy.node("default").toBuilder()
            .addClientFeatures(ClientFeature.KEEPS_ENDPOINTS.text())
            .build());
    counts.clear();
    mesh.write(
        "rule.yaml",
        RULE.replace(
            "- {name: v1,",
            "- {name: v1, trafficPolicy: {connectionPool: {tcp: {maxConnections: 7}}},"));
    assertEquals(1, counted("cds").get("sent"));
    assertEquals(ASSIGNMENTS, counted("eds").get("skipped"));
    assertEquals(0, bytes("eds bytes"));
  }

  /** State of the world repeats all clusters with one that changed. */
  @Test
  void whatTheVariantRepeatsIsNeitherNewNorSaved() {
    connect(Variant.STATE_OF_THE_WORLD);
    counts.clear();
    mesh.write(
        "rule.yaml",
        RULE.replace(
            "- {name: v1,",
            "- {name: v1, trafficPolicy: {connectionPool: {tcp: {maxConnections: 7}}},"));
    assertEquals(Map.of("made", 5L, "sent", 1L, "again", CLUSTERS - 1L), counted("cds"));
    assertTrue(bytes("cds bytes") > bytes("cds bytes again"));
    assertEquals(0, bytes("cds saved"));
  }

  @Test
  void whatIsRemovedIsNotSkippedTwice() {
    connect(Variant.DELTA);
    counts.clear();
    mesh.write("rule.yaml", RULE.replace("name: v1", "name: v2"));
    assertEquals(CLUSTERS - 1L, counted("cds").get("skipped"));
    assertEquals(1, counted("cds").get("sent"));
  }

  @Test
  void aChangeThatNobodySeesCountsNothing() {
    connect(Variant.DELTA);
    counts.clear();
    mesh.write("route.yaml", ROUTE);
    assertEquals(List.of(), List.copyOf(counts.keySet()));
  }
}
