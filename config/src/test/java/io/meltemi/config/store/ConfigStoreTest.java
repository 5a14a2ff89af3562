package io.meltemi.config.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.config.Kinds;
import io.meltemi.config.kind.virtualservice.VirtualService;
import io.meltemi.config.resource.Decoded;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceDecoder;
import io.meltemi.config.resource.ResourceName;
import io.meltemi.config.resource.ResourceSource;
import io.meltemi.config.yaml.YamlLimits;
import io.meltemi.config.yaml.YamlReader;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ConfigStoreTest {
  private static final ResourceName REVIEWS = new ResourceName("default", "reviews");

  private final ConfigStore store = new ConfigStore();
  private final List<String> heard = new ArrayList<>();
  private final List<Integer> problemCounts = new ArrayList<>();

  ConfigStoreTest() {
    store.addListener(
        new ConfigStore.Listener() {
          @Override
          public void changed(List<ConfigChange> changes, ConfigSnapshot snapshot) {
            changes.forEach(change -> heard.add(change.toString()));
            assertEquals(snapshot, store.snapshot());
          }

          @Override
          public void problemsChanged(List<Problem> problems) {
            problemCounts.add(problems.size());
          }
        });
  }

  private static String virtualService(String name, String host) {
    return """
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: %s}
        spec:
          hosts: [%s]
          http:
          - route: [{destination: {host: %s}}]
        ---
        """
        .formatted(name, host, host);
  }

  private static ResourceSource.Update says(String location, String text) {
    YamlReader.Result result = YamlReader.read(text, location, YamlLimits.DEFAULT);
    ResourceDecoder decoder = new ResourceDecoder(Kinds.ALL);
    List<Decoded> documents = new ArrayList<>();
    result.documents().forEach(document -> documents.addAll(decoder.decode(document)));
    return new ResourceSource.Update(
        location, documents, result.errors(), result.errors().isEmpty());
  }

  private void put(String location, String text) {
    store.update(List.of(says(location, text)));
  }

  private String hostOfReviews() {
    return store
        .snapshot()
        .get(Kinds.VIRTUAL_SERVICE, REVIEWS)
        .map(Resource::spec)
        .map(VirtualService::hosts)
        .map(List::getFirst)
        .orElse("");
  }

  @Test
  void firesOncePerChangedResource() {
    put("a.yaml", virtualService("reviews", "reviews") + virtualService("ratings", "ratings"));
    put("a.yaml", virtualService("reviews", "other") + virtualService("ratings", "ratings"));
    put("a.yaml", virtualService("reviews", "other"));
    assertEquals(
        List.of(
            "added VirtualService default/reviews",
            "added VirtualService default/ratings",
            "changed VirtualService default/reviews",
            "removed VirtualService default/ratings"),
        heard);
    assertEquals("other", hostOfReviews());
  }

  @Test
  void equalContentFiresNothingButMovesTheOrigin() {
    put("a.yaml", virtualService("reviews", "reviews"));
    heard.clear();
    put("a.yaml", "# a comment\n" + virtualService("reviews", "reviews"));
    assertEquals(List.of(), heard);
    assertEquals(
        2, store.snapshot().get(Kinds.VIRTUAL_SERVICE, REVIEWS).orElseThrow().origin().line());
  }

  @Test
  void invalidTextKeepsTheLastGoodVersionUntilMended() {
    put("a.yaml", virtualService("reviews", "reviews"));
    put("a.yaml", virtualService("reviews", "re*views"));
    assertEquals("reviews", hostOfReviews());
    assertEquals(2, store.problems().size(), "the host and the destination");
    assertEquals(Problem.Severity.ERROR, store.problems().getFirst().severity());
    put("a.yaml", virtualService("reviews", "mended"));
    assertEquals("mended", hostOfReviews());
    assertEquals(List.of(), store.problems());
    assertEquals(List.of(2, 0), problemCounts);
  }

  @Test
  void invalidFromTheStartIsNotInForce() {
    put("a.yaml", virtualService("reviews", "re*views") + virtualService("ratings", "ratings"));
    assertEquals("", hostOfReviews());
    assertEquals(1, store.snapshot().list(Kinds.VIRTUAL_SERVICE).size());
  }

  @Test
  void brokenFileKeepsAllItSaidBefore() {
    put("a.yaml", virtualService("reviews", "reviews") + virtualService("ratings", "ratings"));
    put("a.yaml", virtualService("reviews", "other") + "kind: [");
    assertEquals("reviews", hostOfReviews());
    assertEquals(2, store.snapshot().list(Kinds.VIRTUAL_SERVICE).size());
    assertEquals(1, store.problems().size());
  }

  @Test
  void brokenFileFromTheStartGivesWhatCameBefore() {
    put("a.yaml", virtualService("reviews", "reviews") + "kind: [");
    assertEquals("reviews", hostOfReviews());
    assertEquals(1, store.problems().size());
  }

  @Test
  void theFirstOfTwoFilesWinsWhateverTheOrderOfReading() {
    put("b.yaml", virtualService("reviews", "second"));
    put("a.yaml", virtualService("reviews", "first"));
    assertEquals("first", hostOfReviews());
    String told = store.problems().getFirst().toString();
    assertTrue(told.contains("b.yaml:1"), told);
    assertTrue(told.contains("a.yaml:1"), told);
    store.update(List.of(ResourceSource.Update.removed("a.yaml")));
    assertEquals("second", hostOfReviews());
    assertEquals(List.of(), store.problems());
    store.update(List.of(ResourceSource.Update.removed("b.yaml")));
    assertEquals(0, store.snapshot().size());
  }

  @Test
  void resourcesMoveBetweenFilesInOneBatchUnnoticed() {
    put("a.yaml", virtualService("reviews", "reviews"));
    heard.clear();
    store.update(
        List.of(
            ResourceSource.Update.removed("a.yaml"),
            says("b.yaml", virtualService("reviews", "reviews"))));
    assertEquals(List.of(), heard);
    assertEquals(1, store.snapshot().size());
  }

  @Test
  void snapshotsDoNotChange() {
    put("a.yaml", virtualService("reviews", "reviews"));
    ConfigSnapshot before = store.snapshot();
    put("a.yaml", "");
    assertEquals(1, before.size());
    assertEquals(0, store.snapshot().size());
    assertNotEquals(before.version(), store.snapshot().version());
  }

  @Test
  void listsInOrderOfPrecedence() {
    put(
        "a.yaml",
        """
        {apiVersion: v1, kind: Namespace, metadata: {name: b, creationTimestamp: "2026-01-02T00:00:00Z"}}
        ---
        {apiVersion: v1, kind: Namespace, metadata: {name: a, creationTimestamp: "2026-01-02T00:00:00Z"}}
        ---
        {apiVersion: v1, kind: Namespace, metadata: {name: z, creationTimestamp: "2026-01-01T00:00:00Z"}}
        """);
    assertEquals(
        List.of("z", "a", "b"),
        store.snapshot().list(Kinds.NAMESPACE).stream().map(Resource::name).toList());
  }

  @Test
  void unknownKindsAndFieldsAreWarnings() {
    put(
        "a.yaml",
        """
        {apiVersion: batch/v1, kind: Job, metadata: {name: once}}
        ---
        """
            + virtualService("reviews", "reviews").replace("spec:", "spec:\n  hots: [x]"));
    assertEquals(1, store.snapshot().size());
    assertEquals(
        List.of(Problem.Severity.WARNING, Problem.Severity.WARNING),
        store.problems().stream().map(Problem::severity).toList());
  }

  @Test
  void ownResourcesArePutByLocation() {
    put("a.yaml", "{apiVersion: v1, kind: Namespace, metadata: {name: one}}");
    Resource<?> one = store.snapshot().list(Kinds.NAMESPACE).getFirst();
    ConfigStore other = new ConfigStore();
    other.replace("up", List.of(one));
    assertEquals(1, other.snapshot().size());
    other.replace("up", List.of());
    assertEquals(0, other.snapshot().size());
  }
}
