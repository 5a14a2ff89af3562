package io.meltemi.controlplane.push;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** With texts that Envoy 1.40 sent. */
class RefusalTextTest {
  private static final String BAD = "outbound|80||bad.default.svc.cluster.local";
  private static final String BAD_SUBSET = "outbound|81|v1|bad.default.svc.cluster.local";

  private static Map<String, String> find(String text, List<String> names) {
    return RefusalText.find(text, names, names::contains);
  }

  /** State of the world repeats what was refused before. */
  @Test
  void whatIsListedNeedNotBeNew() {
    assertEquals(
        Map.of("old", "still bad"),
        RefusalText.find("old: still bad", List.of("new"), List.of("old", "new")::contains));
  }

  @Test
  void clustersAreListedWithCommas() {
    assertEquals(
        Map.of(
            BAD,
            "cannot create an EDS cluster without an EDS config",
            BAD_SUBSET,
            "malformed IP address: not-an-ip. Consider setting resolver_name or setting cluster"
                + " type to 'STRICT_DNS' or 'LOGICAL_DNS'"),
        find(
            "Error adding/updating cluster(s) "
                + BAD
                + ": cannot create an EDS cluster without an EDS config, "
                + BAD_SUBSET
                + ": malformed IP address: not-an-ip. Consider setting resolver_name or setting"
                + " cluster type to 'STRICT_DNS' or 'LOGICAL_DNS'",
            List.of("outbound|80||good.default.svc.cluster.local", BAD_SUBSET, BAD)));
  }

  @Test
  void listenersAreListedByLinesAndTheirTextsHaveLinesOfTheirOwn() {
    String proto =
        """
        goo.gle/debugproto
        rds {
          config_source {
            resource_api_version: V3
          }
          route_config_name: "9080"
        }
        : Proto constraint validation failed (HttpConnectionManagerValidationError.StatPrefix: \
        value length must be at least 1 characters)""";
    Map<String, String> found =
        find(
            "Error adding/updating listener(s) virtualOutbound: error adding listener"
                + " '127.0.0.1:25001': filter chain '' has the same matching rules defined as ''."
                + " duplicate matcher is: {}\n10.0.0.1_80: "
                + proto
                + "\n0.0.0.0_15006: script load error: [string \"function envoy_on_request(\"]:1:"
                + " <name> or '...' expected near '<eof>'\n",
            List.of("0.0.0.0_9080", "0.0.0.0_15006", "10.0.0.1_80", "virtualOutbound"));
    assertEquals(
        List.of("virtualOutbound", "10.0.0.1_80", "0.0.0.0_15006"), List.copyOf(found.keySet()));
    assertEquals(proto, found.get("10.0.0.1_80"));
    assertEquals(
        "script load error: [string \"function envoy_on_request(\"]:1: <name> or '...' expected"
            + " near '<eof>'",
        found.get("0.0.0.0_15006"));
  }

  @Test
  void aRouteIsMentioned() {
    String text =
        "Only unique values for domains are permitted. Duplicate entry of domain x in route 9080";
    assertEquals(Map.of("9080", text), find(text, List.of("80", "9080")));
  }

  @Test
  void aNumberInAnExplanationIsNoName() {
    String text = "value must be at most 80 and not \"9080\"";
    assertEquals(Map.of("9080", text), find(text, List.of("80", "9080")));
  }

  @Test
  void whoNamesNoneMeansAll() {
    String text = "malformed IP address: not-an-ip. Consider setting resolver_name";
    assertEquals(Map.of("a", text, "b", text), find(text, List.of("a", "b")));
    assertEquals(Map.of(), find(text, List.of()));
    assertEquals(Map.of("a", ""), find("", List.of("a")));
  }

  @Test
  void ourProxyListsByLines() {
    assertEquals(
        Map.of("9080", "not to my taste", "80", "nor this: no"),
        find("9080: not to my taste\n80: nor this: no", List.of("80", "9080")));
  }

  @Test
  void hostileTextsNameNothingElse() {
    List<String> names = IntStream.range(0, 200).mapToObj(i -> "name-" + i).toList();
    Random random = new Random(7);
    String alphabet = ":, \n'\"()Error adding/updating listener(s) name-17";
    for (int round = 0; round < 300; round++) {
      StringBuilder text = new StringBuilder(round % 2 == 0 ? "Error adding/updating " : "");
      for (int i = random.nextInt(2_000); i > 0; i--) {
        text.append(alphabet.charAt(random.nextInt(alphabet.length())));
      }
      Map<String, String> found = find(text.toString(), names);
      assertTrue(names.containsAll(found.keySet()) && !found.isEmpty());
    }
    for (String text : List.of(", ".repeat(1 << 16), "\n".repeat(1 << 16), ": ".repeat(1 << 16))) {
      assertEquals(200, find(text, names).size());
    }
  }
}
