/** Fixtures that know no domain: clocks, golden files, the shared corpus. Test scope only. */
@org.jspecify.annotations.NullMarked
package io.meltemi.testing;
