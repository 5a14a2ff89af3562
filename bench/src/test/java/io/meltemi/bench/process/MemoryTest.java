package io.meltemi.bench.process;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class MemoryTest {
  @Test
  void filePagesCountInFullWhenAloneAndAnonymousOnesProportionally() {
    Memory memory =
        Memory.parse(
            """
            7f00-7f10 r-xp 00000000 fe:01 131 /usr/lib/server/libjvm.so
            Size:               4096 kB
            Rss:                2048 kB
            Pss:                1024 kB
            Pss_Dirty:             0 kB
            VmFlags: rd ex mr mw me
            7f20-7f30 rw-p 00000000 00:00 0
            Rss:                1024 kB
            Pss:                 512 kB
            7f40-7f50 rw-p 00000000 00:00 0                          [heap]
            Rss:                1024 kB
            Pss:                1024 kB
            """
                .lines()
                .toList());

    assertEquals(new Memory(2.5, 3.5), memory);
    assertEquals(new Memory(5, 7), memory.plus(memory));
  }

  @Test
  void nothingIsNothing() {
    assertEquals(Memory.ZERO, Memory.parse(List.of()));
    assertEquals(Memory.ZERO, Memory.parse(List.of("Rss: many kB", "", "Pss:")));
  }
}
