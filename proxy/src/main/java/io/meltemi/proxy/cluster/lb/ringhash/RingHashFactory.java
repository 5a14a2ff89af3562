package io.meltemi.proxy.cluster.lb.ringhash;

import io.meltemi.proxy.cluster.ClusterSettings.Hashing;
import io.meltemi.proxy.cluster.Host;
import io.meltemi.proxy.cluster.HostGroup;
import io.meltemi.proxy.cluster.HostPicker;
import io.meltemi.proxy.cluster.HostPickerFactory;
import io.meltemi.proxy.cluster.LbContext;
import io.meltemi.proxy.cluster.lb.BoundedLoad;
import io.meltemi.proxy.cluster.lb.HashKeys;
import io.meltemi.proxy.matcher.XxHash64;
import java.util.Arrays;
import java.util.Collections;

/** {@code RING_HASH}. */
public final class RingHashFactory implements HostPickerFactory {
  @Override
  public boolean hashes() {
    return true;
  }

  @Override
  public HostPicker make(HostGroup group) {
    return BoundedLoad.around(ring(group), group);
  }

  private static Ring ring(HostGroup group) {
    Hashing hashing = group.settings().hashing();
    double least = Collections.min(group.shares());
    // the host with the least share has a whole number of places
    double scale =
        Math.min(Math.ceil(least * hashing.ringSizeMin()) / least, (double) hashing.ringSizeMax());
    Places places = new Places((int) Math.ceil(scale));
    double target = 0;
    int fewest = Integer.MAX_VALUE;
    int most = 0;
    for (int i = 0; i < group.hosts().size(); i++) {
      byte[] key = HashKeys.of(group.hosts().get(i), hashing.useHostname());
      target += scale * group.shares().get(i);
      int count = 0;
      while (places.size < target) {
        places.add(hash(key, count, hashing.function()), i);
        count++;
      }
      fewest = Math.min(fewest, count);
      most = Math.max(most, count);
    }
    group.stats().gauge("ring_hash_lb.size").set((long) Math.ceil(scale));
    group.stats().gauge("ring_hash_lb.min_hashes_per_host").set(fewest);
    group.stats().gauge("ring_hash_lb.max_hashes_per_host").set(most);
    places.sort();
    return new Ring(
        Arrays.copyOf(places.hashes, places.size),
        Arrays.copyOf(places.owners, places.size),
        group.hosts().toArray(new Host[0]));
  }

  /** The hash of {@code key_number}. */
  private static long hash(byte[] key, int number, Hashing.Function function) {
    String digits = Integer.toString(number);
    byte[] whole = Arrays.copyOf(key, key.length + 1 + digits.length());
    whole[key.length] = '_';
    for (int i = 0; i < digits.length(); i++) {
      whole[key.length + 1 + i] = (byte) digits.charAt(i);
    }
    return switch (function) {
      case XX_HASH -> XxHash64.hash(whole, 0, whole.length, 0);
      case MURMUR_HASH_2 -> Murmur2.hash(whole);
    };
  }

  /** The ring while it is made. */
  private static final class Places {
    private static final int DIGITS = 1 << 16;
    private long[] hashes;
    private int[] owners;
    private int size;

    Places(int expected) {
      hashes = new long[expected + 1];
      owners = new int[expected + 1];
    }

    void add(long hash, int owner) {
      if (size == hashes.length) {
        hashes = Arrays.copyOf(hashes, size * 2);
        owners = Arrays.copyOf(owners, size * 2);
      }
      hashes[size] = hash;
      owners[size] = owner;
      size++;
    }

    /** By unsigned hash, digit by digit from the lowest. */
    void sort() {
      long[] otherHashes = new long[size];
      int[] otherOwners = new int[size];
      for (int shift = 0; shift < Long.SIZE; shift += 16) {
        int[] starts = new int[DIGITS + 1];
        for (int i = 0; i < size; i++) {
          starts[(int) (hashes[i] >>> shift & (DIGITS - 1)) + 1]++;
        }
        for (int i = 0; i < DIGITS; i++) {
          starts[i + 1] += starts[i];
        }
        for (int i = 0; i < size; i++) {
          int to = starts[(int) (hashes[i] >>> shift & (DIGITS - 1))]++;
          otherHashes[to] = hashes[i];
          otherOwners[to] = owners[i];
        }
        long[] swappedHashes = hashes;
        hashes = otherHashes;
        otherHashes = swappedHashes;
        int[] swappedOwners = owners;
        owners = otherOwners;
        otherOwners = swappedOwners;
      }
    }
  }

  private static final class Ring implements HostPicker {
    private final long[] hashes;
    private final int[] owners;
    private final Host[] hosts;

    Ring(long[] hashes, int[] owners, Host[] hosts) {
      this.hashes = hashes;
      this.owners = owners;
      this.hosts = hosts;
    }

    @Override
    public Host pick(LbContext context, long hash, int attempt) {
      // another attempt takes the next place, which may be the same host's
      int at = (int) ((first(hash) + (long) attempt) % owners.length);
      return hosts[owners[at]];
    }

    /** The first place at or behind the hash; behind the last one the ring begins again. */
    private int first(long hash) {
      int low = 0;
      int high = hashes.length;
      while (low < high) {
        int middle = (low + high) >>> 1;
        if (Long.compareUnsigned(hashes[middle], hash) < 0) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      return low == hashes.length ? 0 : low;
    }
  }
}
