package io.meltemi.proxy.cluster.lb.maglev;

import io.meltemi.proxy.cluster.ClusterSettings.Hashing;
import io.meltemi.proxy.cluster.Host;
import io.meltemi.proxy.cluster.HostGroup;
import io.meltemi.proxy.cluster.HostPicker;
import io.meltemi.proxy.cluster.HostPickerFactory;
import io.meltemi.proxy.cluster.LbContext;
import io.meltemi.proxy.cluster.lb.BoundedLoad;
import io.meltemi.proxy.cluster.lb.HashKeys;
import io.meltemi.proxy.matcher.XxHash64;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/** {@code MAGLEV}. */
public final class MaglevFactory implements HostPickerFactory {
  @Override
  public boolean hashes() {
    return true;
  }

  @Override
  public HostPicker make(HostGroup group) {
    return BoundedLoad.around(table(group), group);
  }

  /** A host that fills the table. */
  private static final class Filler {
    final Host host;
    final byte[] key;
    final double share;
    double target;
    long offset;
    long skip;
    long next;
    long count;

    Filler(Host host, byte[] key, double share) {
      this.host = host;
      this.key = key;
      this.share = share;
    }

    int place(int tableSize) {
      return (int) ((offset + skip * next) % tableSize);
    }
  }

  private static Table table(HostGroup group) {
    Hashing hashing = group.settings().hashing();
    int size = hashing.tableSize();
    List<Filler> fillers = new ArrayList<>(group.hosts().size());
    for (int i = 0; i < group.hosts().size(); i++) {
      Host host = group.hosts().get(i);
      fillers.add(
          new Filler(host, HashKeys.of(host, hashing.useHostname()), group.shares().get(i)));
    }
    // the order of hosts decides who comes first to a place, so it must not be the source's
    fillers.sort((a, b) -> Arrays.compareUnsigned(a.key, b.key));
    for (Filler filler : fillers) {
      filler.offset =
          Long.remainderUnsigned(XxHash64.hash(filler.key, 0, filler.key.length, 0), size);
      filler.skip =
          Long.remainderUnsigned(XxHash64.hash(filler.key, 0, filler.key.length, 1), size - 1) + 1;
    }
    int[] owners = fill(fillers, size, Collections.max(group.shares()));
    group
        .stats()
        .gauge("maglev_lb.min_entries_per_host")
        .set(fillers.stream().mapToLong(filler -> filler.count).min().orElse(0));
    group
        .stats()
        .gauge("maglev_lb.max_entries_per_host")
        .set(fillers.stream().mapToLong(filler -> filler.count).max().orElse(0));
    return new Table(owners, fillers.stream().map(filler -> filler.host).toArray(Host[]::new));
  }

  private static int[] fill(List<Filler> fillers, int size, double greatest) {
    int[] owners = new int[size];
    Arrays.fill(owners, -1);
    int filled = 0;
    for (long round = 1; filled < size; round++) {
      for (int i = 0; i < fillers.size() && filled < size; i++) {
        Filler filler = fillers.get(i);
        // a host with a third of the greatest share takes a place every third round
        if (round * filler.share < filler.target) {
          continue;
        }
        filler.target += greatest;
        int place = filler.place(size);
        while (owners[place] >= 0) {
          filler.next++;
          place = filler.place(size);
        }
        owners[place] = i;
        filler.next++;
        filler.count++;
        filled++;
      }
    }
    return owners;
  }

  private static final class Table implements HostPicker {
    private final int[] owners;
    private final Host[] hosts;

    Table(int[] owners, Host[] hosts) {
      this.owners = owners;
      this.hosts = hosts;
    }

    @Override
    public Host pick(LbContext context, long hash, int attempt) {
      // another attempt changes most bits, so that retries do not all meet on one host
      long bits = attempt == 0 ? hash : hash ^ (-1L - attempt + 1);
      return hosts[owners[(int) Long.remainderUnsigned(bits, owners.length)]];
    }
  }
}
