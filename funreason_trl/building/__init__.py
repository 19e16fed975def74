"""From sources to a finished dataset on disk.

options, sources            what the user names -> rows; `asking` makes the judges and the teacher
build                       rows                -> the dataset; everything below is called from here
duplicates, contamination   rows                -> which ones not to take
provenance, shards          inspected rows      -> the records of a split, in parquet files
lengths, funnel, card       what was counted    -> statistics, table and picture, README
parts, merging              one machine's part  -> the dataset of all
hard_pool                   hard rows           -> candidates of the next build
estimate                    a sample of rows    -> what a build would ask and cost
"""
