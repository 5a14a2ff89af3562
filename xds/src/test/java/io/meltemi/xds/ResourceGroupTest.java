package io.meltemi.xds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.StringValue;
import io.meltemi.xds.resource.EncodedResource;
import io.meltemi.xds.resource.ResourceGroup;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ResourceGroupTest {
  private static final ResourceGroup BEFORE =
      group(resource("kept", "1"), resource("other", "1"), resource("gone", "1"));

  private final ResourceGroup after =
      group(resource("kept", "1"), resource("other", "2"), resource("new", "1"));

  private static EncodedResource resource(String name, String content) {
    return EncodedResource.encode(name, StringValue.of(content));
  }

  private static ResourceGroup group(EncodedResource... resources) {
    return ResourceGroup.of(List.of(resources));
  }

  private static List<String> names(List<EncodedResource> resources) {
    return resources.stream().map(EncodedResource::name).toList();
  }

  @Test
  void aDifferenceHasWhatIsNewAndWhatIsGone() {
    ResourceGroup.Difference difference = after.since(BEFORE);
    assertEquals(List.of("other", "new"), names(difference.changed()));
    assertEquals(List.of("other", "new"), difference.changedNames());
    assertEquals(List.of("other", "new"), names(difference.upserts()));
    assertEquals(List.of("gone"), difference.removed());
    assertTrue(after.since(after).isEmpty());
  }

  @Test
  void whatIsWantedAgainComesBehindWhatIsNew() {
    ResourceGroup.Difference difference = after.since(BEFORE, Set.of("kept", "other", "nowhere"));
    assertEquals(List.of("other", "new"), names(difference.changed()));
    assertEquals(List.of("other", "new", "kept"), names(difference.upserts()));
    assertEquals(2, difference.found(), "kept and other");
    assertEquals(
        difference.changed().stream().mapToLong(EncodedResource::sizeBytes).sum(),
        difference.changedBytes());
    assertEquals(
        difference.upserts().stream().mapToLong(EncodedResource::sizeBytes).sum(),
        difference.upsertBytes());
    assertEquals(List.of("kept"), names(after.since(after, Set.of("kept")).upserts()));
  }

  @Test
  void whoAsksForTheSameGetsTheSameLists() {
    Set<String> again = Set.of("kept");
    assertSame(after.since(BEFORE, again), after.since(BEFORE, again));
    assertSame(after.since(BEFORE), after.since(BEFORE));
    assertEquals(
        1, after.since(BEFORE, again).upserts().size() - after.since(BEFORE).upserts().size());
  }

  @Test
  void moreDifferencesThanAreRememberedAreRight() {
    for (int i = 0; i < 20; i++) {
      ResourceGroup other = group(resource("kept", "1"), resource("only-" + i, "1"));
      assertEquals(List.of("only-" + i), after.since(other).removed());
      assertEquals(List.of("other", "new"), after.since(other).changedNames());
    }
  }
}
