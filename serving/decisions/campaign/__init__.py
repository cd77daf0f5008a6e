"""What came of a campaign: sent against held out, as they were drawn, each figure with its interval; pure."""

from serving.decisions.campaign.report import campaign_report
from serving.decisions.campaign.told import CampaignReport, Figure

__all__ = ["CampaignReport", "Figure", "campaign_report"]
