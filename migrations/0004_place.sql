ALTER TABLE "clusters" ADD COLUMN "zone" text;--> statement-breakpoint
ALTER TABLE "clusters" ADD COLUMN "move_to" jsonb;--> statement-breakpoint
-- This computer, so far the only provider, is a region of one zone, and has no GPUs to tell apart.
UPDATE "clusters" SET
  "zone" = "region",
  "spec" = "spec" || jsonb_build_object(
    'zones', 'one',
    'gpu', CASE WHEN "spec" -> 'gpu' = '0' THEN NULL ELSE jsonb_build_object('count', "spec" -> 'gpu', 'kind', NULL) END
  ),
  "launches" = (
    SELECT coalesce(jsonb_agg(launch || jsonb_build_object('offers', (
      SELECT coalesce(jsonb_agg(offer || '{"gpuKind": null, "byNameOnly": null}' ORDER BY i), '[]')
      FROM jsonb_array_elements(launch -> 'offers') WITH ORDINALITY AS offers(offer, i)
    )) ORDER BY j), '[]')
    FROM jsonb_array_elements("launches") WITH ORDINALITY AS launches(launch, j)
  );--> statement-breakpoint
UPDATE "machines" SET "offer" = "offer" || '{"gpuKind": null, "byNameOnly": null}';--> statement-breakpoint
ALTER TABLE "clusters" ALTER COLUMN "zone" SET NOT NULL;
