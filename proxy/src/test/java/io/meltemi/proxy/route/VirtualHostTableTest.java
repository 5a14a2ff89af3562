package io.meltemi.proxy.route;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.meltemi.proxy.matcher.MatchTrace;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The table finds what trying every domain by Envoy's precedence does. */
final class VirtualHostTableTest {
  private static final Route ANY = RouteTables.anyRoute();

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3})
  void findsWhatTryingEveryDomainDoes(int series) {
    for (int round = 0; round < 100; round++) {
      long seed = series * 1000L + round;
      SplittableRandom random = new SplittableRandom(seed);
      Set<String> domains = new LinkedHashSet<>();
      int count = random.nextInt(60);
      for (int i = 0; i < count; i++) {
        domains.add(
            switch (random.nextInt(9)) {
              case 0, 1 -> "*" + text(random);
              case 2, 3 -> text(random) + "*";
              case 4 -> random.nextInt(8) == 0 ? "*" : "a";
              default -> text(random);
            });
      }
      domains.remove("");
      List<VirtualHost> hosts = new ArrayList<>();
      for (String domain : domains) {
        hosts.add(
            new VirtualHost(
                domain, List.of(domain), VirtualHost.TlsRequirement.NONE, ANY, List.of()));
      }
      VirtualHostTable table = new VirtualHostTable(hosts);
      for (int i = 0; i < 60; i++) {
        String authority = text(random) + text(random);
        byte[] bytes =
            authority.toUpperCase(java.util.Locale.ROOT).getBytes(StandardCharsets.UTF_8);
        assertEquals(
            linear(hosts, authority),
            table.find(bytes, 0, bytes.length, MatchTrace.NONE),
            () -> "seed " + seed + ": " + authority + " in " + domains);
      }
    }
  }

  private static int linear(List<VirtualHost> hosts, String authority) {
    int best = VirtualHostTable.NONE;
    int bestRank = -1;
    for (int i = 0; i < hosts.size(); i++) {
      int rank = rank(hosts.get(i).domains().getFirst(), authority);
      if (rank > bestRank) {
        best = i;
        bestRank = rank;
      }
    }
    return best;
  }

  /** Higher is more specific; -1 does not match. */
  private static int rank(String domain, String authority) {
    if (domain.equals(authority)) {
      return 3000;
    }
    if (domain.equals("*")) {
      return 0;
    }
    if (authority.length() < domain.length()) {
      return -1;
    }
    if (domain.startsWith("*")) {
      return authority.endsWith(domain.substring(1)) ? 2000 + domain.length() : -1;
    }
    return domain.endsWith("*") && authority.startsWith(domain.substring(0, domain.length() - 1))
        ? 1000 + domain.length()
        : -1;
  }

  private static String text(RandomGenerator random) {
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(4); i > 0; i--) {
      text.append("ab.".charAt(random.nextInt(3)));
    }
    return text.toString();
  }
}
