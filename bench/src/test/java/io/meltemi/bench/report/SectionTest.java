package io.meltemi.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class SectionTest {
  private static final String BOTH =
      """
      <!-- begin a -->
      one
      <!-- end a -->

      <!-- begin b -->
      two
      <!-- end b -->
      """;

  @Test
  void replacesItsOwnPartAlone() {
    assertEquals(BOTH.replace("one", "three"), Section.replaced(BOTH, "a", "three\n"));
    assertEquals(BOTH.replace("two", "four"), Section.replaced(BOTH, "b", "four"));
  }

  @Test
  void addsItsPartBehindThoseOfOthersAndInPlaceOfAPageWithoutParts() {
    String first = Section.replaced("# old\n", "a", "one");
    assertEquals(BOTH, Section.replaced(first, "b", "two"));
  }
}
