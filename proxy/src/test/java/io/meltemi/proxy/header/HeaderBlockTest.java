package io.meltemi.proxy.header;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class HeaderBlockTest {
  private static final HeaderName A = HeaderName.of("a");
  private static final HeaderName B = HeaderName.of("b");
  private final HeaderBlock block = new HeaderBlock();

  @Test
  void namesAreInternedAndChecked() {
    assertSame(HeaderName.of("x-a"), HeaderName.of("X-A"));
    assertTrue(HeaderName.of(":path").isPseudo());
    for (String bad : new String[] {"", ":", "a b", "a:", "é", "a\n"}) {
      assertThrows(IllegalArgumentException.class, () -> HeaderName.of(bad), bad);
    }
  }

  @Test
  void setsInPlaceAndDropsFurtherEntries() {
    block.add(A, "1");
    block.add(B, "2");
    block.add(A, "3");
    block.set(A, "four");
    assertEquals("a: four\nb: 2\n", block.toString());
    assertEquals(1, block.remove(B));
    assertNull(block.get(B));
    block.setNumber(A, 1234567890123L);
    assertEquals("1234567890123", block.get(A));
    block.setNumber(A, 0);
    assertEquals("0", block.get(A));
  }

  @Test
  void appendsWithCommas() {
    byte[] value = "x".getBytes(StandardCharsets.US_ASCII);
    block.append(A, value, 0, 1);
    block.append(A, value, 0, 1);
    assertEquals("a: x,x\n", block.toString());
  }

  @Test
  void findsAllEntries() {
    block.add(A, "1");
    block.add(B, "2");
    block.add(A, "3");
    int first = block.find(A);
    int second = block.findNext(A, first);
    assertEquals("1", block.value(first));
    assertEquals("3", block.value(second));
    assertEquals(-1, block.findNext(A, second));
  }

  @Test
  void growsAndKeepsTextForm() {
    for (int i = 0; i < 500; i++) {
      block.add(HeaderName.of("name-" + i), "value " + i);
    }
    for (int i = 0; i < 500; i++) {
      assertEquals("value " + i, block.get(HeaderName.of("name-" + i)));
      assertTrue(block.isContiguous(i));
    }
    block.clear();
    block.add(HeaderName.PATH, "/");
    assertFalse(block.isContiguous(0));
  }

  @Test
  void copiesAreIndependent() {
    block.add(A, "1");
    HeaderBlock copy = new HeaderBlock();
    copy.copyFrom(block);
    copy.addFrom(block, 0);
    block.set(A, "changed");
    assertEquals("a: 1\na: 1\n", copy.toString());
    assertTrue(block.valueEqualsIgnoreCase(0, "changed".getBytes(StandardCharsets.US_ASCII)));
  }
}
