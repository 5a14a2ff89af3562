package io.meltemi.proxy.matcher;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The index finds what trying every range does. */
final class AddressIndexTest {
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3})
  void collectsWhatTryingEachRangeDoes(int series) throws UnknownHostException {
    for (int round = 0; round < 100; round++) {
      long seed = series * 1000L + round;
      SplittableRandom random = new SplittableRandom(seed);
      List<IpRange> ranges = new ArrayList<>();
      AddressIndex.Builder builder = new AddressIndex.Builder();
      int count = random.nextInt(round % 10 == 0 ? 2000 : 40);
      for (int i = 0; i < count; i++) {
        InetAddress address = address(random);
        IpRange range = IpRange.of(address, random.nextInt(address.getAddress().length * 8 + 1));
        ranges.add(range);
        builder.add(range, i);
      }
      AddressIndex index = builder.build();
      for (int i = 0; i < 40; i++) {
        InetAddress address = address(random);
        IpNumber number = Objects.requireNonNull(IpNumber.of(new InetSocketAddress(address, 1)));
        List<Integer> expected = new ArrayList<>();
        for (int rule = 0; rule < ranges.size(); rule++) {
          assertEquals(
              ranges.get(rule).contains(address), number.isIn(ranges.get(rule)), "seed " + seed);
          if (ranges.get(rule).contains(address)) {
            expected.add(rule);
          }
        }
        RuleCandidates candidates = RuleCandidates.borrow(count);
        index.collect(number, candidates);
        List<Integer> found = new ArrayList<>();
        for (int rule = candidates.next(); rule >= 0; rule = candidates.next()) {
          found.add(rule);
        }
        candidates.release();
        assertEquals(expected, found, "seed " + seed);
        assertEquals(!expected.isEmpty(), index.holdsAny(number), "seed " + seed);
      }
    }
  }

  private static InetAddress address(RandomGenerator random) throws UnknownHostException {
    byte[] bytes = new byte[random.nextInt(3) == 0 ? 16 : 4];
    random.nextBytes(bytes);
    for (int i = 0; i < bytes.length; i++) {
      // few values, so that ranges meet
      bytes[i] &= (byte) (i < 2 || (bytes.length == 16 && i < 14) ? 0x80 : 0xC1);
    }
    if (bytes.length == 16) {
      bytes[0] = 0x20;
    }
    return InetAddress.getByAddress(bytes);
  }
}
