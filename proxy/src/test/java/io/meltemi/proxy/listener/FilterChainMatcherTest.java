package io.meltemi.proxy.listener;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.proxy.listener.FilterChainMatch.SourceType;
import io.meltemi.proxy.listener.FilterChainMatch.Sources;
import io.meltemi.proxy.matcher.IpRange;
import io.meltemi.proxy.matcher.MatchTrace;
import io.meltemi.proxy.parse.Metadata;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class FilterChainMatcherTest {
  /** A match under construction; every part is any at first. */
  private record Ask(
      int port, String ips, String names, String transport, String protocols, Sources sources) {
    static final Ask ANY = new Ask(0, "", "", "", "", Sources.ANY);

    Ask port(int value) {
      return new Ask(value, ips, names, transport, protocols, sources);
    }

    Ask ips(String value) {
      return new Ask(port, value, names, transport, protocols, sources);
    }

    Ask names(String value) {
      return new Ask(port, ips, value, transport, protocols, sources);
    }

    Ask transport(String value) {
      return new Ask(port, ips, names, value, protocols, sources);
    }

    Ask protocols(String value) {
      return new Ask(port, ips, names, transport, value, sources);
    }

    Ask sources(SourceType type, String direct, String ranges, Integer... ports) {
      return new Ask(
          port,
          ips,
          names,
          transport,
          protocols,
          new Sources(type, ranges(direct), ranges(ranges), List.of(ports)));
    }

    FilterChain chain(String name) {
      return new FilterChain(
          name,
          new FilterChainMatch(
              port, ranges(ips), words(names), transport, words(protocols), sources),
          List.of(),
          Metadata.EMPTY,
          name);
    }
  }

  private static List<String> words(String text) {
    return text.isEmpty() ? List.of() : Arrays.asList(text.split(",", -1));
  }

  private static List<IpRange> ranges(String text) {
    return words(text).stream()
        .map(
            word -> {
              String[] parts = word.split("/", -1);
              return IpRange.of(ip(parts[0]), Integer.parseInt(parts[1]));
            })
        .toList();
  }

  private static InetAddress ip(String literal) {
    try {
      return InetAddress.getByName(literal);
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(literal, e);
    }
  }

  private static final class Chains {
    private final List<FilterChain> chains = new ArrayList<>();

    Chains add(String name, Ask ask) {
      chains.add(ask.chain(name));
      return this;
    }

    FilterChainMatcher matcher() {
      try {
        return new FilterChainMatcher(chains, Optional.of(Ask.ANY.chain("default")));
      } catch (FilterChainMatcher.AmbiguousException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private static String match(
      FilterChainMatcher matcher,
      String destination,
      String source,
      String name,
      String transport,
      String protocols) {
    FilterChainMatcher.Query query =
        new FilterChainMatcher.Query(
            socket(destination), socket(source), socket(source), name, transport, words(protocols));
    FilterChain plain = matcher.match(query, MatchTrace.NONE);
    FilterChain traced = matcher.match(query, MatchTrace.recording());
    assertEquals(plain, traced);
    return plain == null ? "none" : plain.name();
  }

  private static InetSocketAddress socket(String text) {
    int colon = text.lastIndexOf(':');
    return new InetSocketAddress(
        ip(text.substring(0, colon)), Integer.parseInt(text.substring(colon + 1)));
  }

  private static String plain(FilterChainMatcher matcher, String destination, String source) {
    return match(matcher, destination, source, "", "raw_buffer", "");
  }

  @Test
  void portBeatsAddressAndIsNotGivenBack() {
    FilterChainMatcher matcher =
        new Chains()
            .add("port", Ask.ANY.port(80).ips("10.0.0.0/8"))
            .add("address", Ask.ANY.ips("11.1.2.3/32"))
            .add("any", Ask.ANY)
            .matcher();
    assertEquals("port", plain(matcher, "10.1.1.1:80", "9.9.9.9:1"));
    // port 80 has an entry, so chains for any port are out
    assertEquals("default", plain(matcher, "11.1.2.3:80", "9.9.9.9:1"));
    assertEquals("address", plain(matcher, "11.1.2.3:81", "9.9.9.9:1"));
    assertEquals("any", plain(matcher, "10.1.1.1:81", "9.9.9.9:1"));
  }

  @Test
  void findsEachOfAThousandChainsInAFewSteps() {
    Chains chains = new Chains();
    for (int i = 0; i < 1000; i++) {
      chains.add("c" + i, Ask.ANY.ips("10.0." + i / 250 + "." + i % 250 + "/32").names("h" + i));
    }
    FilterChainMatcher matcher = chains.matcher();
    for (int i = 0; i < 1000; i++) {
      String destination = "10.0." + i / 250 + "." + i % 250 + ":443";
      assertEquals("c" + i, match(matcher, destination, "9.9.9.9:1", "h" + i, "tls", ""));
    }
    MatchTrace trace = MatchTrace.recording();
    matcher.match(
        new FilterChainMatcher.Query(
            socket("10.0.3.249:443"),
            socket("9.9.9.9:1"),
            socket("9.9.9.9:1"),
            "h999",
            "tls",
            List.of()),
        trace);
    assertTrue(trace.steps().size() < 12, trace::toString);
  }

  @Test
  void longestPrefixWinsInBothFamilies() {
    FilterChainMatcher matcher =
        new Chains()
            .add("8", Ask.ANY.ips("10.0.0.0/8"))
            .add("24", Ask.ANY.ips("10.1.1.0/24"))
            .add("32", Ask.ANY.ips("10.1.1.7/32"))
            .add("v6", Ask.ANY.ips("fd00::/8"))
            .add("v6-64", Ask.ANY.ips("fd00:0:0:1::/64"))
            .matcher();
    assertEquals("32", plain(matcher, "10.1.1.7:1", "9.9.9.9:1"));
    assertEquals("24", plain(matcher, "10.1.1.8:1", "9.9.9.9:1"));
    assertEquals("8", plain(matcher, "10.2.1.7:1", "9.9.9.9:1"));
    assertEquals("default", plain(matcher, "11.2.1.7:1", "9.9.9.9:1"));
    assertEquals("v6", plain(matcher, "fd00:0:0:2::1:1", "9.9.9.9:1"));
    assertEquals("v6-64", plain(matcher, "fd00:0:0:1::1:1", "9.9.9.9:1"));
    assertEquals("default", plain(matcher, "fe80::1:1", "9.9.9.9:1"));
  }

  @Test
  void serverNamesExactThenLongestSuffixThenAny() {
    FilterChainMatcher matcher =
        new Chains()
            .add("exact", Ask.ANY.names("www.example.com"))
            .add("sub", Ask.ANY.names("*.example.com"))
            .add("com", Ask.ANY.names("*.com"))
            .add("any", Ask.ANY)
            .matcher();
    assertEquals("exact", match(matcher, "1.1.1.1:1", "2.2.2.2:2", "WWW.example.com", "tls", ""));
    assertEquals("sub", match(matcher, "1.1.1.1:1", "2.2.2.2:2", "a.b.example.com", "tls", ""));
    assertEquals("com", match(matcher, "1.1.1.1:1", "2.2.2.2:2", "example.com", "tls", ""));
    assertEquals("any", match(matcher, "1.1.1.1:1", "2.2.2.2:2", "com", "tls", ""));
    assertEquals("any", match(matcher, "1.1.1.1:1", "2.2.2.2:2", "a.org.", "tls", ""));
    assertEquals("any", match(matcher, "1.1.1.1:1", "2.2.2.2:2", "", "raw_buffer", ""));
  }

  @Test
  void transportThenApplicationProtocolWithoutBacktracking() {
    FilterChainMatcher matcher =
        new Chains()
            .add("mtls", Ask.ANY.transport("tls").protocols("istio,istio-http/1.1"))
            .add("tls", Ask.ANY.transport("tls").protocols("h2"))
            .add("http", Ask.ANY.protocols("http/1.1,h2c"))
            .add("plain", Ask.ANY.transport("raw_buffer"))
            .matcher();
    assertEquals("mtls", match(matcher, "1.1.1.1:1", "2.2.2.2:2", "", "tls", "x,istio,h2"));
    assertEquals("tls", match(matcher, "1.1.1.1:1", "2.2.2.2:2", "", "tls", "h2,istio"));
    // tls is taken, so chains for any transport are out
    assertEquals("default", match(matcher, "1.1.1.1:1", "2.2.2.2:2", "", "tls", "http/1.1"));
    assertEquals("plain", match(matcher, "1.1.1.1:1", "2.2.2.2:2", "", "raw_buffer", "http/1.1"));
  }

  @Test
  void sourceTypeThenAddressThenPort() {
    FilterChainMatcher matcher =
        new Chains()
            .add("local", Ask.ANY.sources(SourceType.SAME_IP_OR_LOOPBACK, "", ""))
            .add("external", Ask.ANY.sources(SourceType.EXTERNAL, "", "10.0.0.0/8"))
            .add("external-port", Ask.ANY.sources(SourceType.EXTERNAL, "", "10.0.0.0/8", 7, 8))
            .add("external-24", Ask.ANY.sources(SourceType.EXTERNAL, "", "10.1.1.0/24", 9))
            .matcher();
    assertEquals("local", plain(matcher, "10.5.5.5:1", "127.0.0.1:1"));
    assertEquals("local", plain(matcher, "10.5.5.5:1", "10.5.5.5:1"));
    assertEquals("external", plain(matcher, "10.5.5.5:1", "10.9.9.9:1"));
    assertEquals("external-port", plain(matcher, "10.5.5.5:1", "10.9.9.9:8"));
    assertEquals("external-24", plain(matcher, "10.5.5.5:1", "10.1.1.9:9"));
    // the longer source range is taken, and its ports do not fit
    assertEquals("default", plain(matcher, "10.5.5.5:1", "10.1.1.9:7"));
    assertEquals("default", plain(matcher, "10.5.5.5:1", "11.1.1.9:7"));
  }

  @Test
  void directSourceIsThePeerAndSourceTheClient() {
    FilterChainMatcher matcher =
        new Chains()
            .add("through", Ask.ANY.sources(SourceType.ANY, "10.0.0.0/8", "20.0.0.0/8"))
            .matcher();
    FilterChainMatcher.Query query =
        new FilterChainMatcher.Query(
            socket("1.1.1.1:1"), socket("10.0.0.1:1"), socket("20.0.0.1:1"), "", "", List.of());
    assertEquals("through", String.valueOf(named(matcher.match(query, MatchTrace.NONE))));
    FilterChainMatcher.Query swapped =
        new FilterChainMatcher.Query(
            socket("1.1.1.1:1"), socket("20.0.0.1:1"), socket("10.0.0.1:1"), "", "", List.of());
    assertEquals("default", String.valueOf(named(matcher.match(swapped, MatchTrace.NONE))));
  }

  private static String named(@org.jspecify.annotations.Nullable FilterChain chain) {
    return chain == null ? "none" : chain.name();
  }

  @Test
  void equalMatchesAreRefused() {
    List<FilterChain> chains =
        List.of(
            Ask.ANY.port(80).ips("10.0.0.0/8,11.0.0.0/8").chain("a"),
            Ask.ANY.port(80).ips("11.2.3.4/8").chain("b"));
    Exception error =
        assertThrows(
            FilterChainMatcher.AmbiguousException.class,
            () -> new FilterChainMatcher(chains, Optional.empty()));
    assertTrue(
        String.valueOf(error.getMessage()).contains("'b' has the same matching rules"),
        error::toString);
  }

  @Test
  void traceNamesTheCriterionThatFailed() {
    FilterChainMatcher matcher = new Chains().add("p", Ask.ANY.port(80).names("a.com")).matcher();
    MatchTrace trace = MatchTrace.recording();
    matcher.match(
        new FilterChainMatcher.Query(
            socket("1.1.1.1:80"),
            socket("2.2.2.2:2"),
            socket("2.2.2.2:2"),
            "b.com",
            "tls",
            List.of()),
        trace);
    assertEquals(
        """
        destination port 80: matched (exact)
        destination /1.1.1.1:80: matched (any)
        server name "b.com": no match (no entry)
        default filter chain: matched
        """,
        trace.toString());
  }
}
