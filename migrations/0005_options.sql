-- Clusters made before there was a choice: what every cluster had.
UPDATE "clusters" SET "spec" = "spec" || '{"schedulerTypes": [], "diskGiB": 20, "tags": []}';
