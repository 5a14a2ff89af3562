package io.meltemi.controlplane.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HostNamesTest {

  @ParameterizedTest
  @CsvSource({
    "reviews, default, cluster.local, reviews.default.svc.cluster.local",
    "reviews.prod, default, cluster.local, reviews.prod",
    "*, default, cluster.local, *",
    "*.example.com, default, cluster.local, *.example.com",
    "10.0.0.1, default, cluster.local, 10.0.0.1",
    "fd00::1, default, cluster.local, fd00::1",
    "reviews, default, '', reviews.default",
    "reviews, '', '', reviews"
  })
  void shortNamesAreCompleted(String written, String namespace, String domain, String complete) {
    assertEquals(complete, HostNames.complete(written, namespace, domain));
  }

  @ParameterizedTest
  @CsvSource({
    "a.example.com, a.example.com, true",
    "a.example.com, b.example.com, false",
    "*.example.com, a.example.com, true",
    "a.example.com, *.example.com, true",
    "*.example.com, example.com, false",
    "*.example.com, *.com, true",
    "*.com, *.example.com, true",
    "*.example.com, *.example.org, false",
    "*, a.example.com, true",
    "*, *.example.com, true"
  })
  void overlapIsSymmetric(String first, String second, boolean overlap) {
    assertEquals(overlap, HostNames.overlap(first, second));
    assertEquals(overlap, HostNames.overlap(second, first));
  }

  @ParameterizedTest
  @CsvSource({
    "a.example.com, *.example.com, true",
    "*.example.com, a.example.com, false",
    "*.a.example.com, *.example.com, true",
    "*.example.com, *.a.example.com, false",
    "*.example.com, *.example.com, true",
    "*.example.com, *, true",
    "example.com, *.example.com, false",
    "badexample.com, *.example.com, false"
  })
  void subsets(String first, String second, boolean subset) {
    assertEquals(subset, HostNames.isSubsetOf(first, second));
  }

  @Test
  void exactBeatsTheLongestWildcardBeatsTheRest() {
    List<String> candidates = List.of("*", "*.com", "*.example.com", "a.example.com");
    assertEquals(Optional.of("a.example.com"), HostNames.mostSpecific("a.example.com", candidates));
    assertEquals(Optional.of("*.example.com"), HostNames.mostSpecific("b.example.com", candidates));
    assertEquals(Optional.of("*.com"), HostNames.mostSpecific("*.b.com", candidates));
    assertEquals(Optional.of("*"), HostNames.mostSpecific("a.org", candidates));
    assertEquals(Optional.empty(), HostNames.mostSpecific("a.org", List.of("b.org", "*.com")));
  }

  @Test
  void coveringNamesGoFromItselfToAny() {
    assertEquals(
        List.of("a.example.com", "*.example.com", "*.com", "*"),
        HostNames.covering("a.example.com"));
    assertEquals(List.of("*.example.com", "*.com", "*"), HostNames.covering("*.example.com"));
    assertEquals(List.of("*"), HostNames.covering("*"));
  }
}
